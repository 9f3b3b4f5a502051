// The header of a safetensors file, checked against the file's length.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

struct SafetensorsEntry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::size_t begin = 0;  // from the file's first byte
  std::size_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in order of their offsets
  std::map<std::string, std::string> metadata;
};

// `file`: all of it. `name` stands in front of the InputErrors.
SafetensorsHeader parse_safetensors_header(std::string_view file, const std::string& name);

// The names of the format's types: "F32".
std::string_view safetensors_type(at::ScalarType type);  // "" where the format has none
std::optional<at::ScalarType> torch_type(std::string_view safetensors_type);

}  // namespace thalweg
