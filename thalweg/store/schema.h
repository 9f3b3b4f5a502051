// The tables of a store, and whether a file has them. docs/store.md explains them to people.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

namespace thalweg {

inline constexpr int kApplicationId = 0x54484C57;  // "THLW"
inline constexpr int kSchemaVersion = 1;
inline constexpr int kSlots = 32;  // values in one row of `frames`

struct SchemaObject {
  std::string name;
  std::string sql;  // as SQLite keeps it
};
const std::vector<SchemaObject>& schema();

// A database without any table, as a kill during creation leaves it, or a new file.
bool is_empty(SQLite::Database& database);
void create_schema(SQLite::Database& database);  // in the caller's transaction
// InputError: not a store, of a newer version, or with other tables than it should have.
void check_schema(SQLite::Database& database, const std::filesystem::path& file);

// InputError: "'FILE' is damaged: WHAT".
[[noreturn]] void throw_damaged(const std::filesystem::path& file, const std::string& what);
// What SQLite said, as one of ours: InputError where the content is at fault, IoError where the system is.
[[noreturn]] void throw_as_ours(const SQLite::Exception& error, const std::filesystem::path& file);

}  // namespace thalweg
