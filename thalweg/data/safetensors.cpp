#include "thalweg/data/safetensors.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

#include "thalweg/data/array.h"
#include "thalweg/data/bytes.h"
#include "thalweg/data/replace_file.h"
#include "thalweg/data/safetensors_header.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

at::Tensor copy_out(const SafetensorsEntry& entry, std::string_view file) {
  at::Tensor tensor = at::empty(entry.shape, entry.type);
  if (tensor.nbytes() == 0) return tensor;
  std::copy_n(file.data() + entry.begin, tensor.nbytes(), static_cast<char*>(tensor.data_ptr()));
  if (entry.type == at::kBool) {  // a byte other than 0 and 1 is no truth value
    char* bytes = static_cast<char*>(tensor.data_ptr());
    std::transform(bytes, bytes + tensor.nbytes(), bytes, [](char b) { return static_cast<char>(b != 0 ? 1 : 0); });
  }
  return tensor;
}

// On the CPU, contiguous, wider types first.
NamedTensors laid_out(const NamedTensors& tensors, const std::string& name) {
  NamedTensors result;
  std::set<std::string> names = {"__metadata__"};
  for (const auto& [key, tensor] : tensors) {
    if (!names.insert(key).second)
      throw InputError(fmt::format("{}: the name '{}' cannot be written twice", name, printable(key)));
    if (!tensor.defined() || safetensors_type(tensor.scalar_type()).empty()) {
      throw InputError(fmt::format("{}: '{}' has the type {}, which safetensors lacks", name, printable(key),
                                   tensor.defined() ? c10::toString(tensor.scalar_type()) : "undefined"));
    }
    result.emplace_back(key, tensor.detach().cpu().contiguous());
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.second.element_size() > b.second.element_size(); });
  return result;
}

std::string header_of(const NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const auto& [key, tensor] : tensors) {
    header[key] = {{"dtype", safetensors_type(tensor.scalar_type())},
                   {"shape", tensor.sizes().vec()},
                   {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xffU);
  return length + text;
}

}  // namespace

const at::Tensor* SafetensorsFile::find(const std::string& name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& entry) { return entry.first == name; });
  return found == tensors.end() ? nullptr : &found->second;
}

SafetensorsFile read_safetensors(const std::filesystem::path& file) {
  const Bytes bytes = map_file(file);
  const SafetensorsHeader header = parse_safetensors_header(bytes.view, shown(file));
  SafetensorsFile result;
  result.metadata = header.metadata;
  for (const SafetensorsEntry& entry : header.entries)
    result.tensors.emplace_back(entry.name, copy_out(entry, bytes.view));
  return result;
}

void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const NamedTensors ordered = laid_out(tensors, shown(file));
  std::string header;
  try {
    header = header_of(ordered, metadata);
  } catch (const nlohmann::json::exception&) {
    throw InputError(fmt::format("{}: a name or a metadata entry is not UTF-8", shown(file)));
  }
  FileReplacement replacement(file);
  replacement.write(header);
  for (const auto& [key, tensor] : ordered) {
    replacement.write({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  replacement.commit();
}

}  // namespace thalweg
