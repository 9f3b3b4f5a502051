#include "thalweg/data/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "thalweg/data/array.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

struct TypeName {
  std::string_view name;
  at::ScalarType type;
};
constexpr TypeName kTypes[] = {
    {"BOOL", at::kBool},
    {"U8", at::kByte},
    {"I8", at::kChar},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2FNUZ", at::kFloat8_e5m2fnuz},
    {"F8_E4M3FNUZ", at::kFloat8_e4m3fnuz},
    {"F8_E8M0", at::kFloat8_e8m0fnu},
    {"I16", at::kShort},
    {"U16", at::kUInt16},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"I32", at::kInt},
    {"U32", at::kUInt32},
    {"F32", at::kFloat},
    {"I64", at::kLong},
    {"U64", at::kUInt64},
    {"F64", at::kDouble},
    {"C64", at::kComplexFloat},
};

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kLongestHeader = 100'000'000;  // the specification's own limit

// Takes the header's JSON as it is read. The grammar is flat, {name: {dtype, shape: [...], data_offsets: [...]}} and
// {"__metadata__": {key: text}}, so that any deeper nesting ends the reading where it begins.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& name) : name_(name) {}

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_float(double, const std::string&) override { return unexpected("a fraction"); }
  bool binary(nlohmann::json::binary_t&) override { return unexpected("binary data"); }
  bool number_integer(std::int64_t) override { return unexpected("a negative number"); }
  bool number_unsigned(std::uint64_t value) override;
  bool string(std::string& value) override;
  bool start_object(std::size_t) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool key(std::string& value) override;
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw InputError(fmt::format("{}: its header is no JSON, at byte {}", name_, position));
  }

  SafetensorsHeader result;

 private:
  enum class Place { outside, top, tensor, metadata, list };

  bool unexpected(const char* what) const {
    throw InputError(fmt::format("{}: its header has {} where none may be{}", name_, what, near()));
  }
  std::string near() const { return tensor_.empty() ? "" : fmt::format(", at '{}'", printable(tensor_)); }
  void add_entry();

  const std::string& name_;
  Place place_ = Place::outside;
  std::string tensor_;                // the tensor being read
  std::string key_;                   // its field, or the metadata's
  std::map<std::string, bool> seen_;  // tensors by name
  std::optional<std::string> type_;
  std::optional<std::vector<std::uint64_t>> shape_, offsets_;
};

bool HeaderReader::number_unsigned(std::uint64_t value) {
  if (place_ != Place::list) return unexpected("a number");
  (key_ == "shape" ? shape_ : offsets_)->push_back(value);
  return true;
}

bool HeaderReader::string(std::string& value) {
  if (place_ == Place::metadata) {
    if (!result.metadata.emplace(key_, std::move(value)).second) return unexpected("the same key twice");
  } else if (place_ == Place::tensor && key_ == "dtype" && !type_) {
    type_ = std::move(value);
  } else {
    return unexpected("a text");
  }
  return true;
}

bool HeaderReader::start_object(std::size_t) {
  if (place_ == Place::outside) {
    place_ = Place::top;
  } else if (place_ == Place::top) {
    place_ = tensor_ == "__metadata__" ? Place::metadata : Place::tensor;
  } else {
    return unexpected("an object");
  }
  return true;
}

bool HeaderReader::start_array(std::size_t) {
  std::optional<std::vector<std::uint64_t>>& list = key_ == "shape" ? shape_ : offsets_;
  if (place_ != Place::tensor || (key_ != "shape" && key_ != "data_offsets") || list) return unexpected("a list");
  list.emplace();
  place_ = Place::list;
  return true;
}

bool HeaderReader::end_array() {
  place_ = Place::tensor;
  return true;
}

bool HeaderReader::key(std::string& value) {
  if (place_ != Place::top) {
    key_ = std::move(value);
    return true;
  }
  tensor_ = std::move(value);
  key_.clear();
  if (!seen_.emplace(tensor_, true).second) return unexpected("the same name twice");
  return true;
}

bool HeaderReader::end_object() {
  if (place_ == Place::tensor) add_entry();
  place_ = place_ == Place::top ? Place::outside : Place::top;
  return true;
}

void HeaderReader::add_entry() {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("{}: tensor '{}' {}", name_, printable(tensor_), what));
  };
  if (!type_ || !shape_ || !offsets_ || offsets_->size() != 2) fail("needs a dtype, a shape and two data_offsets");
  const std::optional<at::ScalarType> type = torch_type(*type_);
  if (!type) fail(fmt::format("has the unknown dtype '{}'", printable(*type_, 24)));
  SafetensorsEntry entry{tensor_, *type, {shape_->begin(), shape_->end()}, (*offsets_)[0], (*offsets_)[1]};
  const std::size_t size = c10::elementSize(*type);
  const std::int64_t elements = checked_elements(entry.shape, size);
  if (elements < 0) fail(fmt::format("claims the shape {}, more than any file holds", shown_shape(entry.shape)));
  if (entry.end < entry.begin || entry.end - entry.begin != static_cast<std::size_t>(elements) * size) {
    fail(fmt::format("of shape {} needs {} bytes, but its data_offsets are {} and {}", shown_shape(entry.shape),
                     static_cast<std::size_t>(elements) * size, entry.begin, entry.end));
  }
  result.entries.push_back(std::move(entry));
  type_.reset();
  shape_.reset();
  offsets_.reset();
}

std::size_t header_length(std::string_view file, const std::string& name) {
  if (file.size() < kLengthBytes) throw InputError(fmt::format("{}: is no safetensors file: too short", name));
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i > 0; --i) length = length << 8U | static_cast<unsigned char>(file[i - 1]);
  const std::size_t most = std::min(kLongestHeader, file.size() - kLengthBytes);
  if (length > most) {
    throw InputError(
        fmt::format("{}: claims a header of {} bytes; at most {} can be, so it is no safetensors file or is cut "
                    "short",
                    name, length, most));
  }
  return length;
}

// The data must be tiled by the tensors, without holes or overlaps.
void check_tiling(SafetensorsHeader& header, std::size_t start, std::size_t size, const std::string& name) {
  std::stable_sort(header.entries.begin(), header.entries.end(),
                   [](const auto& a, const auto& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::size_t expected = 0;
  for (SafetensorsEntry& entry : header.entries) {
    if (entry.begin != expected) {
      throw InputError(fmt::format("{}: tensor '{}' begins at byte {} of the data, {} the one before it ends, at {}",
                                   name, printable(entry.name), entry.begin,
                                   entry.begin < expected ? "before" : "after", expected));
    }
    expected = entry.end;
    entry.begin += start;
    entry.end += start;
  }
  if (expected != size) {
    throw InputError(fmt::format("{}: its tensors take {} bytes, but {} follow the header; {}", name, expected, size,
                                 expected > size ? "the file is cut short" : "the file has trailing data"));
  }
}

}  // namespace

std::string_view safetensors_type(at::ScalarType type) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.type == type; });
  return found == std::end(kTypes) ? std::string_view() : found->name;
}

std::optional<at::ScalarType> torch_type(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.name == name; });
  return found == std::end(kTypes) ? std::nullopt : std::optional(found->type);
}

SafetensorsHeader parse_safetensors_header(std::string_view file, const std::string& name) {
  const std::size_t length = header_length(file, name);
  const std::string_view text = file.substr(kLengthBytes, length);
  if (!text.starts_with('{')) throw InputError(fmt::format("{}: its header does not begin with '{{'", name));
  HeaderReader reader(name);
  nlohmann::json::sax_parse(text, &reader);
  const std::size_t start = kLengthBytes + length;
  check_tiling(reader.result, start, file.size() - start, name);
  return std::move(reader.result);
}

}  // namespace thalweg
