// The SQLite store of a run: one file, one writing connection in its own thread behind a bounded queue. Whatever was committed is there
// after a kill at any moment; commits come at least once a second.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/record/finding.h"
#include "thalweg/record/reading.h"
#include "thalweg/record/run.h"

namespace thalweg {

class StoreWriter final : public ReadingSink {
 public:
  struct Options {
    std::size_t queue = 1 << 16;     // readings; a full queue makes put() wait, and the wait is counted
    double commit_seconds = 0.5;     // longest time between commits
  };
  // Creates the file, or opens it to go on after `resume_at` steps: readings at or after that step are removed (they will come again).
  // A file with another living writer is an IoError that names its pid.
  StoreWriter(const std::filesystem::path& file, const RunHeader& header, Options options,
              std::optional<std::int64_t> resume_at = std::nullopt);
  ~StoreWriter() override;

  void put(const Reading& reading) override;     // never throws
  void put(const Evaluation& evaluation);
  void put(const Action& action);
  void scope(Scope scope, const std::string& name);   // before the scope's first reading
  void finish(const RunResult& result);          // findings and end; commits
  void flush();                                  // returns when everything put so far is committed

  // The store that failed (disk full, file gone) is given up with one warning, and the run goes on.
  bool failed() const;
  std::string failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads a store while its writer goes on, or after. Never writes.
class StoreReader {
 public:
  explicit StoreReader(const std::filesystem::path& file);   // IoError, InputError
  ~StoreReader();

  RunHeader header() const;
  std::vector<std::string> scopes() const;                   // by number; 0 is ""
  // In order of steps; all quantities and scopes unless named.
  std::vector<Reading> readings(std::optional<Quantity> quantity = std::nullopt, std::optional<Scope> scope = std::nullopt) const;
  std::vector<Evaluation> evaluations() const;
  std::vector<Action> actions() const;
  std::optional<RunResult> result() const;                   // nothing while the run goes on, or after a kill

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
