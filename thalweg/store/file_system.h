// Which file systems are shared over a network: SQLite's write-ahead log needs memory shared by all who open the file,
// and does not work there.
#pragma once

#include <cstdint>
#include <filesystem>

namespace thalweg {

// Of a file system's magic number (statfs(2), f_type). User-space file systems count as network ones, since SSHFS and
// its like cannot be told from the rest.
bool is_network_file_system(std::uint32_t magic);
bool is_on_network(const std::filesystem::path& folder);  // IoError where the folder cannot be looked at

}  // namespace thalweg
