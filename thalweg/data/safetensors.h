// safetensors files by their specification: an 8-byte little-endian header length, a JSON header, raw data.
// Hostile headers (longer than the file, overlapping or out-of-range offsets, unknown types, duplicate names, deep
// nesting) are InputErrors.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct SafetensorsFile {
  NamedTensors tensors;  // in order of their offsets
  std::map<std::string, std::string> metadata;
  const at::Tensor* find(const std::string& name) const;  // null when there is none
};

SafetensorsFile read_safetensors(const std::filesystem::path& file);

// Written beside, synced and renamed. The same tensors in the same order give the same bytes. Wider types lie before
// narrower ones, in the given order within each, so that every tensor is aligned, as other readers need. IoError where
// it cannot be written; InputError for a name given twice or a type that the format lacks.
void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace thalweg
