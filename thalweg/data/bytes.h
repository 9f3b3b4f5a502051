// Bytes of a file, as they lie: mapped, or in memory where they had to be unpacked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

struct Bytes {
  std::string_view view;
  std::shared_ptr<const void> owner;  // keeps `view` alive
  bool mapped = false;                // pages of a file: costs no memory of its own

  Bytes part(std::size_t offset, std::size_t size) const { return {view.substr(offset, size), owner, mapped}; }
};

// Memory of `size` bytes, and where to write them.
struct Buffer {
  Bytes bytes;
  char* data;
};
Buffer make_buffer(std::size_t size);

// The whole file, mapped read-only. IoError where it is missing, unreadable or no regular file. A file that another
// program cuts short meanwhile ends the program (SIGBUS), as with any mapping.
Bytes map_file(const std::filesystem::path& file);

// The whole file, unpacked where it is gzip. InputError where more than `limit` bytes come out.
Bytes read_file(const std::filesystem::path& file, std::size_t limit);

bool is_gzip(std::string_view bytes);

// How a file is named in messages.
std::string shown(const std::filesystem::path& file);

}  // namespace thalweg
