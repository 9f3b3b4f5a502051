// numpy's .npy (versions 1 to 3) and .npz files. Numbers only: what holds Python objects is refused, and nothing is
// unpickled. Source: numpy.lib.format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/data/array.h"

namespace thalweg {

struct NpyHeader {
  at::ScalarType type = at::kFloat;
  bool swapped = false;
  bool fortran = false;
  std::vector<std::int64_t> shape;
  std::size_t bytes = 0;  // of data
};
// `text`: the header's dictionary, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".
NpyHeader parse_npy_header(std::string_view text, const std::string& name);

// A C-ordered plain file is mapped. Fortran order and deflated members are unpacked into memory, and refused where that
// takes more than `limit` bytes.
Array read_npy(const std::filesystem::path& file, std::size_t limit);

class Npz {
 public:
  Npz(const std::filesystem::path& file, std::size_t limit);
  bool has(const std::string& array) const;
  // InputError where there is none: it names those that are there.
  Array read(const std::string& array) const;

 private:
  struct Member;
  std::map<std::string, std::shared_ptr<const Member>> members_;
  std::string name_;
  std::size_t limit_;
};

}  // namespace thalweg
