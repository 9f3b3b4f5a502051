// Writes readings into the tables `frames`, `layouts` and `singles`.
//
// A training loop takes the same readings on each step. One row holds up to 32 of them: the row names a layout, and the
// layout says once which quantity and scope each column is. That is a quarter of the CPU time and less than half of the
// bytes of one row a reading (docs/store.md). Readings with an error bar or a cost, and those that come in no steady
// order, get a row of their own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "thalweg/record/reading.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace thalweg {

class FrameWriter {
 public:
  // Goes on where the database's tables end.
  explicit FrameWriter(SQLite::Database& database);
  ~FrameWriter();

  // `scope` of the caller is known by `name` in this store, whatever number it has there.
  void name_scope(Scope scope, const std::string& name);
  // In the caller's transaction.
  void write(std::span<const Reading> readings);

 private:
  struct Statements;
  using Series = std::uint32_t;  // quantity and scope as the caller numbers them

  void write_frame(std::span<const Reading> readings);
  void write_single(const Reading& reading);
  std::int64_t layout_of(std::span<const Reading> readings);
  std::int64_t add_layout(std::span<const Reading> readings);
  std::int64_t scope_id(Scope scope);
  std::int64_t add_scope(Scope scope, const std::string& name);
  void load();

  std::unique_ptr<Statements> statements_;
  std::array<std::int64_t, static_cast<std::size_t>(Quantity::count_)> quantity_ids_{};
  std::vector<std::int64_t> scope_ids_;  // by the caller's number; -1: not named yet
  std::unordered_map<std::string, std::int64_t> scope_names_;
  std::set<Scope> used_scopes_;  // numbers in the store
  std::unordered_map<std::u32string, std::int64_t> layouts_;
  std::u32string key_;
  std::int64_t next_layout_ = 1;
  std::int64_t next_sequence_ = 1;
};

}  // namespace thalweg
