// Everything that looks at a run, in one place: instruments and their budget, the store, the history that the checks
// judge. Nothing here changes the training; whatever fails here is given up with one warning.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"
#include "thalweg/observe/observer.h"
#include "thalweg/record/run.h"
#include "thalweg/store/store.h"

namespace thalweg {

class Watch {
 public:
  struct Options {
    std::filesystem::path store;  // the SQLite file; empty: nothing is kept on disk
    double budget = 0.03;         // share of the training time that instruments may take
    std::int64_t cadence = 0;     // steps; > 0: a fixed period instead of the budget
    std::vector<std::string> instruments{"auto"};
    std::optional<std::int64_t> resume_at;  // go on after so many steps; what was read before is taken back in
    ReadingSink* listener = nullptr;        // hears every reading, too; must outlive the watch
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };
  // `parameters`: names, in the optimizer's order.
  Watch(const RunHeader& header, const std::vector<std::string>& parameters, Options options);

  // The turns of a step; see observe/instrument.h. `step.scopes` is filled in here.
  Observer::Plan plan(std::int64_t step) { return observer_.plan(step); }
  void before_backward(Step& step);
  void after_backward(Step& step);
  void after_update(Step& step);
  void stepped(double seconds) { observer_.stepped(seconds); }

  void put(const Reading& reading);
  void put(const Evaluation& evaluation);
  void put(const Action& action);
  void finish(RunResult& result);  // fills in overhead and judgement, and closes the store's record
  void flush();                    // what was read so far is on disk afterwards

  Observer& observer() { return observer_; }
  const History& history() const { return history_; }
  Judgement judge() const;

 private:
  // Readings of single parameters are kept on each step at first, then on every 16th: whole-model readings always.
  class Sink final : public ReadingSink {
   public:
    explicit Sink(Watch& watch) : watch_(watch) {}
    void put(const Reading& reading) override;

   private:
    Watch& watch_;
  };
  std::vector<Reading> take_back(const std::filesystem::path& store, std::int64_t before);

  std::function<void(const std::string&)> warn_;
  History history_;
  std::unique_ptr<StoreWriter> store_;  // null: not kept, or given up
  Observer observer_;
  Sink sink_{*this};
  std::vector<Scope> scopes_;
  ReadingSink* listener_;
  double budget_;
};

}  // namespace thalweg
