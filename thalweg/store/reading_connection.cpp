#include "thalweg/store/reading_connection.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <string>
#include <system_error>

namespace thalweg {
namespace {

constexpr int kBusyMilliseconds = 10'000;
constexpr int kLongestCell = 64 << 20;  // bytes; a recipe or a result is some kilobytes

std::unique_ptr<SQLite::Database> opened(const std::string& name, int flags) {
  auto database = std::make_unique<SQLite::Database>(name, flags | SQLITE_OPEN_NOMUTEX, kBusyMilliseconds);
  sqlite3* const handle = database->getHandle();
  // A second connection that checkpoints can corrupt the log in SQLite before 3.51.3.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kLongestCell);
  database->exec("PRAGMA mmap_size = 0");
  database->exec("PRAGMA cell_size_check = ON");
  database->execAndGet("SELECT count(*) FROM sqlite_schema");  // the file is first looked at here
  return database;
}

// A URI that takes the name literally, and takes the file for one that nobody can change.
std::string immutable(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

bool has_log(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file.string() + "-wal", error);
  return !error && bytes > 0;
}

}  // namespace

std::unique_ptr<SQLite::Database> open_for_reading(const std::filesystem::path& file) {
  const std::filesystem::path absolute = std::filesystem::absolute(file);
  try {
    return opened(absolute.string(), SQLITE_OPEN_READONLY);
  } catch (const SQLite::Exception& error) {
    if (error.getExtendedErrorCode() == SQLITE_READONLY_ROLLBACK) {
      // A writer was killed within a transaction, on a network file system. Only a writing connection may undo it.
      opened(absolute.string(), SQLITE_OPEN_READWRITE);
      return opened(absolute.string(), SQLITE_OPEN_READONLY);
    }
    // A file of a run that was killed, copied to a read-only disk without its log: the side files cannot be made there.
    const bool side_files = error.getErrorCode() == SQLITE_CANTOPEN || error.getErrorCode() == SQLITE_READONLY;
    if (!side_files || !std::filesystem::exists(absolute) || has_log(absolute)) throw;
    return opened(immutable(absolute), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  }
}

}  // namespace thalweg
