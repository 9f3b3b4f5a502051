// What a run has said so far: the history that the checks judge, and the store on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"
#include "thalweg/record/run.h"
#include "thalweg/store/store.h"

namespace thalweg {

class RunRecord final : public ReadingSink {
 public:
  struct Options {
    std::filesystem::path store;            // the SQLite file; empty: nothing is kept on disk
    std::optional<std::int64_t> resume_at;  // go on after so many steps; what was read before is taken back in
    ReadingSink* listener = nullptr;        // hears every reading, too; must outlive the record
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };
  // `parameters`: names; scopes() numbers them in this order.
  RunRecord(const RunHeader& header, const std::vector<std::string>& parameters, Options options);

  // Each step's readings of single parameters are kept on each step at first, then on every 16th: whole-model readings
  // always.
  void put(const Reading& reading) override;
  // What is measured between two steps is said once of each: a run that is resumed where it ended ends there again.
  void put_between(const Reading& reading);
  void put(const Evaluation& evaluation);
  void put(const Action& action);
  void finish(RunResult& result);  // adds judgement and actions, and closes the store's record
  void flush();                    // what was read so far is on disk afterwards
  void check_store();              // gives up, with one warning, a store that failed

  const History& history() const { return history_; }
  const std::vector<Scope>& scopes() const { return scopes_; }
  Scope scope(std::string_view name);  // of a layer, given a number when it is new
  Judgement judge() const;

 private:
  std::vector<Reading> take_back(const std::filesystem::path& store, std::int64_t before);

  std::function<void(const std::string&)> warn_;
  History history_;
  std::unique_ptr<StoreWriter> store_;  // null: not kept, or given up
  std::vector<Scope> scopes_;
  ReadingSink* listener_;
};

}  // namespace thalweg
