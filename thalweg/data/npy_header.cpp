#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>

#include "thalweg/data/npy.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

// Python's literal of a dictionary with strings, truth values and tuples of numbers, and no other.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}
  NpyHeader parse();

 private:
  [[noreturn]] void fail(const std::string& what) const { throw InputError(fmt::format("{}: {}", name_, what)); }
  [[noreturn]] void damaged() const { fail(fmt::format("its npy header is damaged near '{}'", printable(rest_, 24))); }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n\t"), rest_.size())); }
  bool accept(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) damaged();
  }
  std::string_view quoted();
  std::vector<std::int64_t> tuple();
  void descr();
  void field();

  std::string_view rest_;
  const std::string& name_;
  NpyHeader header_;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

std::string_view HeaderParser::quoted() {
  skip_spaces();
  if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) damaged();
  const std::size_t end = rest_.find(rest_[0], 1);
  if (end == std::string_view::npos) damaged();
  const std::string_view result = rest_.substr(1, end - 1);
  rest_.remove_prefix(end + 1);
  return result;
}

std::vector<std::int64_t> HeaderParser::tuple() {
  std::vector<std::int64_t> result;
  constexpr std::size_t kMostAxes = 64;  // numpy's own limit
  expect("(");
  while (!accept(")")) {
    skip_spaces();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 0 || result.size() == kMostAxes) damaged();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    accept("L");  // as Python 2 wrote it
    result.push_back(value);
    if (!accept(",")) {
      expect(")");
      break;
    }
  }
  return result;
}

std::optional<at::ScalarType> number_type(std::string_view code) {
  struct Entry {
    std::string_view code;
    at::ScalarType type;
  };
  static constexpr Entry kTypes[] = {{"b1", at::kBool},   {"i1", at::kChar}, {"u1", at::kByte},   {"i2", at::kShort},
                                     {"u2", at::kUInt16}, {"i4", at::kInt},  {"u4", at::kUInt32}, {"i8", at::kLong},
                                     {"u8", at::kUInt64}, {"f2", at::kHalf}, {"f4", at::kFloat},  {"f8", at::kDouble}};
  for (const Entry& entry : kTypes) {
    if (entry.code == code) return entry.type;
  }
  return std::nullopt;
}

// '<f4': byte order, kind, bytes.
void HeaderParser::descr() {
  skip_spaces();
  if (rest_.starts_with("["))
    fail("is a structured array (columns with names); save each column as an array of numbers");
  const std::string_view code = quoted();
  const std::string_view kind =
      code.substr(code.find_first_not_of("<>=|") == 0 ? 0 : std::min<std::size_t>(1, code.size()));
  if (kind.starts_with("O")) {
    fail(
        "is an object array: it holds pickled Python objects, which are never read; save an array of numbers, as with "
        ".astype(numpy.float32)");
  }
  const std::optional<at::ScalarType> type = number_type(kind);
  if (!type) {
    fail(fmt::format("has the type '{}'; bool, int8 to int64, uint8 to uint64 and float16 to float64 are read",
                     printable(code, 16)));
  }
  header_.type = *type;
  header_.swapped = code.starts_with(">") && c10::elementSize(*type) > 1;
}

void HeaderParser::field() {
  const std::string_view key = quoted();
  expect(":");
  bool* seen = key == "descr"           ? &has_descr_
               : key == "fortran_order" ? &has_order_
               : key == "shape"         ? &has_shape_
                                        : nullptr;
  if (seen == nullptr || *seen) damaged();
  *seen = true;
  if (key == "descr") {
    descr();
  } else if (key == "shape") {
    header_.shape = tuple();
  } else if (!(header_.fortran = accept("True"))) {
    expect("False");
  }
}

NpyHeader HeaderParser::parse() {
  expect("{");
  while (!accept("}")) {
    field();
    if (!accept(",")) {
      expect("}");
      break;
    }
  }
  skip_spaces();
  if (!rest_.empty() || !has_descr_ || !has_order_ || !has_shape_) damaged();
  const std::size_t size = c10::elementSize(header_.type);
  const std::int64_t elements = checked_elements(header_.shape, size);
  if (elements < 0) fail(fmt::format("claims the shape {}, more than any file holds", shown_shape(header_.shape)));
  header_.bytes = static_cast<std::size_t>(elements) * size;
  return header_;
}

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& name) { return HeaderParser(text, name).parse(); }

}  // namespace thalweg
