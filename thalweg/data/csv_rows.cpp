#include "thalweg/data/csv_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "thalweg/data/source.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using Names = std::vector<std::string>;

bool is_missing(std::string_view cell) {
  for (const std::string_view word : {"", "NA", "N/A", "na", "null", "NULL", "None", "?"}) {
    if (cell == word) return true;
  }
  return false;
}

std::string_view trimmed(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : cell.substr(first, cell.find_last_not_of(" \t") + 1 - first);
}

std::optional<double> as_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

CsvRowReader::CsvRowReader(const std::filesystem::path& file, const recipe::Data& data)
    : name_(shown(file)), bytes_(read_file(file, memory_limit(data))), csv_(bytes_.view, name_), data_(data) {
  if (bytes_.view.empty()) throw InputError(fmt::format("{}: is empty", name_));
}

void CsvRowReader::fail(const Column& column, const std::string& what) const {
  throw InputError(fmt::format("{}:{}: column '{}': {}", name_, csv_.line(), printable(column.name), what));
}

const Names& CsvRowReader::header() {
  Names cells;
  csv_.next(cells);
  if (!data_.header) {
    first_ = cells;
    for (std::size_t i = 0; i < cells.size(); ++i) header_.push_back(std::to_string(i + 1));
    return header_;
  }
  for (const std::string& text : cells) header_.emplace_back(trimmed(text));
  Names sorted = header_;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end())
    throw InputError(fmt::format("{}:1: the column '{}' is there twice", name_, printable(*twice)));
  header_is_numbers_ =
      std::ranges::all_of(header_, [](const std::string& text) { return as_number(text).has_value(); });
  return header_;
}

Names CsvRowReader::notes() const {
  Names result;
  if (header_is_numbers_) {
    result.push_back(
        fmt::format("{}: the first line is taken for names of columns, yet all of it are numbers; data.header = "
                    "false takes it for data",
                    name_));
  }
  if (std::ranges::find(header_, "") != header_.end() && data_.input_columns.empty()) {
    result.push_back(fmt::format("{}: a column without a name is an input too; data.input_columns chooses", name_));
  }
  return result;
}

double CsvRowReader::cell(const std::string& text, Column& column) const {
  const std::string_view content = trimmed(text);
  if (is_missing(content)) {
    fail(column, content.empty() ? "the cell is empty; fill it or leave the row out"
                                 : fmt::format("'{}' is a missing value; fill it or leave the row out", content));
  }
  if (column.categories) return static_cast<double>(column.categories->number(std::string(content)));
  const std::optional<double> value = as_number(content);
  if (!value) {
    fail(column, fmt::format("'{}' is no number; if the column holds names, list it in data.categorical",
                             printable(content, 40)));
  }
  if (!std::isfinite(*value)) fail(column, fmt::format("'{}' is not finite; fill it or leave the row out", content));
  return *value;
}

CsvRows CsvRowReader::read(CsvColumns& columns) {
  std::vector<std::size_t> places;
  for (const Column& column : columns.used) {
    const auto found = std::ranges::find(header_, column.name);
    if (found == header_.end()) unknown_column("test or data.validation", column.name, header_, name_);
    places.push_back(static_cast<std::size_t>(found - header_.begin()));
  }
  CsvRows rows{name_, {}};
  Names cells = first_;
  while (!cells.empty() || csv_.next(cells)) {
    for (std::size_t i = 0; i < places.size(); ++i) rows.values.push_back(cell(cells[places[i]], columns.used[i]));
    cells.clear();
  }
  if (rows.values.empty())
    throw InputError(fmt::format("{}: has no rows{}", name_, data_.header ? " below its header" : ""));
  return rows;
}

}  // namespace thalweg
