// The SQLite store of a run: one file, one writing connection in its own thread behind a bounded queue. Whatever was
// committed is there after a kill at any moment; commits come at least once a second. docs/store.md has the schema,
// what holds on power loss, and what a reading costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/record/finding.h"
#include "thalweg/record/reading.h"
#include "thalweg/record/run.h"

namespace thalweg {

// Any thread may put. In a forked child every member does nothing: the run, and its store, are the parent's.
class StoreWriter final : public ReadingSink {
 public:
  // How SQLite keeps transactions whole. Automatic: a write-ahead log, which readers do not wait for; on network file
  // systems, where that log does not work, a journal that is truncated, and readers may wait.
  enum class Journal { automatic, write_ahead, truncate };
  struct Options {
    std::size_t queue = 1 << 16;  // readings; a full queue makes put() wait, and the wait is counted
    double commit_seconds = 0.5;  // longest time between commits: at most this, and one write, is lost by a kill
    Journal journal = Journal::automatic;
  };
  // Creates the file, or opens it to go on after `resume_at` steps: what will come again is removed, that is readings
  // at or after that step, actions and evaluations after it (those at that very step were made before the checkpoint;
  // an evaluation that is put again replaces that one), and the result. IoError: another living writer (its pid is
  // named), a run already there and no resume_at, or what the system says. InputError: not a store, damaged, or of a
  // newer version.
  StoreWriter(const std::filesystem::path& file, const RunHeader& header, Options options,
              std::optional<std::int64_t> resume_at = std::nullopt);
  // Commits what was put, and leaves one file without side files.
  ~StoreWriter() override;
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  void put(const Reading& reading) override;  // never throws
  void put(const Evaluation& evaluation);
  void put(const Action& action);
  void scope(Scope scope, const std::string& name);  // before the scope's first reading
  void finish(const RunResult& result);              // findings and end; commits
  void flush();  // returns when everything put so far is committed, or the store failed

  // A store that failed (disk full, file gone) is given up, and the run goes on: nothing is taken any more.
  bool failed() const;
  std::string failure() const;  // which file and why, in one line, for the one warning; "" while all is well

  double waited_seconds() const;  // that put() waited for room in the queue

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads a store while its writer goes on, or after. Never changes what is stored, and never checkpoints. Each member
// sees one moment of the run. For one thread at a time.
class StoreReader {
 public:
  explicit StoreReader(const std::filesystem::path& file);  // IoError, InputError; so do all members
  ~StoreReader();
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;

  RunHeader header() const;
  std::vector<std::string> scopes() const;  // by number; 0 is ""
  // In order of steps, and within a step as they were put; all quantities and scopes unless named.
  std::vector<Reading> readings(std::optional<Quantity> quantity = std::nullopt,
                                std::optional<Scope> scope = std::nullopt) const;
  // The same, one at a time and without holding them all in memory. `visit` must leave this reader alone.
  void for_each_reading(const std::function<void(const Reading&)>& visit,
                        std::optional<Quantity> quantity = std::nullopt,
                        std::optional<Scope> scope = std::nullopt) const;
  std::vector<Evaluation> evaluations() const;
  std::vector<Action> actions() const;
  std::optional<RunResult> result() const;  // nothing while the run goes on, or after a kill
  // Names of quantities that a newer program stored and this one does not know: their readings are left out.
  std::vector<std::string> unknown_quantities() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
