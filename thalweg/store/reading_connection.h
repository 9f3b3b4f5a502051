// Opens a store to read it: while its writer is at work, after it, and after a kill.
#pragma once

#include <filesystem>
#include <memory>

namespace SQLite {
class Database;
}  // namespace SQLite

namespace thalweg {

// Throws SQLite::Exception. Neither changes what is stored, nor checkpoints.
std::unique_ptr<SQLite::Database> open_for_reading(const std::filesystem::path& file);

}  // namespace thalweg
