// The values of a run as rows of the store, both ways. Writing is in the caller's transaction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/record/run.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace thalweg {

void write_header(SQLite::Database& database, const RunHeader& header);
void write_evaluation(SQLite::Database& database, const Evaluation& evaluation);
void write_action(SQLite::Database& database, const Action& action);
void write_result(SQLite::Database& database, const RunResult& result);

RunHeader read_header(SQLite::Database& database, const std::filesystem::path& file);
std::vector<Evaluation> read_evaluations(SQLite::Database& database, const std::filesystem::path& file);
std::vector<Action> read_actions(SQLite::Database& database, const std::filesystem::path& file);
std::optional<RunResult> read_result(SQLite::Database& database, const std::filesystem::path& file);

// The cells of a row, whose types a damaged or foreign file may have wrong: then InputError.
class Cells {
 public:
  Cells(SQLite::Statement& statement, const std::filesystem::path& file) : statement_(statement), file_(file) {}
  std::int64_t integer(int column) const;
  double number(int column) const;  // NULL is NaN
  std::string text(int column) const;

 private:
  [[noreturn]] void refuse(int column, const char* wanted) const;

  SQLite::Statement& statement_;
  const std::filesystem::path& file_;
};

}  // namespace thalweg
