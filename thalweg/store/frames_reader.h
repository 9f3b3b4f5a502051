// Reads the readings back from `frames`, `layouts` and `singles`.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "thalweg/record/reading.h"

namespace SQLite {
class Database;
}  // namespace SQLite

namespace thalweg {

struct Wanted {
  std::optional<Quantity> quantity;  // none: all
  std::optional<Scope> scope;

  bool takes(Quantity q, Scope s) const { return quantity.value_or(q) == q && scope.value_or(s) == s; }
};

// In order of steps, in the caller's transaction. InputError: the file is damaged.
void read_readings(SQLite::Database& database, const std::filesystem::path& file, const Wanted& wanted,
                   const std::function<void(const Reading&)>& visit);

// A number in the file as a scope's. InputError.
Scope checked_scope(std::int64_t number, const std::filesystem::path& file);

}  // namespace thalweg
