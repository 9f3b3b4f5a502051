// idx files (LeCun, the MNIST format), plain or gzip: two zero bytes, the type, the number of axes, the axes' lengths
// as big-endian 32-bit numbers, the data.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "thalweg/data/array.h"

namespace thalweg {

// A plain file is mapped; a gzip is unpacked, and refused where it holds more than `limit` bytes.
Array read_idx(const std::filesystem::path& file, std::size_t limit);

struct IdxPair {
  std::filesystem::path inputs;
  std::filesystem::path targets;
};
struct IdxFiles {
  IdxPair train;
  std::optional<IdxPair> test;
};
// `path` is a folder with the four usual names (train-images-idx3-ubyte, … or with '.' before idx; .gz or not), or the
// file of images beside which the file of labels lies: 'labels' and 'idx1' where the name has 'images' and 'idx3'.
// IoError where a file is missing.
IdxFiles find_idx(const std::filesystem::path& path);

}  // namespace thalweg
