// The writing side of a store's file, for one thread: opening, recovery, and one transaction a batch. StoreWriter puts
// a queue and a thread before it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/record/reading.h"
#include "thalweg/record/run.h"
#include "thalweg/store/store.h"

namespace thalweg {

// What goes into one transaction.
struct StoreBatch {
  std::vector<std::pair<Scope, std::string>> scopes;
  std::vector<Reading> readings;
  std::vector<Evaluation> evaluations;
  std::vector<Action> actions;
  std::optional<RunResult> result;

  bool empty() const { return scopes.empty() && readings.empty() && evaluations.empty() && actions.empty() && !result; }
  void clear();  // keeps the memory
};

class StoreFile {
 public:
  // As StoreWriter's constructor.
  StoreFile(const std::filesystem::path& file, const RunHeader& header, StoreWriter::Journal journal,
            std::optional<std::int64_t> resume_at);
  ~StoreFile();  // leaves one file without side files, where nobody reads

  // Commits the batch. IoError, InputError: nothing of it is in the file, and the file is not to be used any more.
  void write(const StoreBatch& batch);

 private:
  struct State;
  void prepare(const RunHeader& header, StoreWriter::Journal journal, std::optional<std::int64_t> resume_at);

  std::unique_ptr<State> state_;
};

}  // namespace thalweg
