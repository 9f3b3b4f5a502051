#include "thalweg/data/csv_table.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "thalweg/data/csv.h"
#include "thalweg/data/find.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

using Names = std::vector<std::string>;

bool contains(const Names& names, const std::string& name) { return std::ranges::find(names, name) != names.end(); }

// Names into numbers, in the order of the alphabet once all are known.
class Categories {
 public:
  std::size_t number(const std::string& name) { return names_.emplace(name, names_.size()).first->second; }
  std::size_t size() const { return names_.size(); }
  // By number() the place in the alphabet.
  std::vector<double> ranks() const {
    std::vector<double> result(names_.size());
    double rank = 0.0;
    for (const auto& [name, number] : names_) result[number] = rank++;
    return result;
  }

 private:
  std::map<std::string, std::size_t> names_;
};

struct Column {
  std::string name;
  bool target = false;
  std::optional<Categories> categories;
};

// Which columns are used: chosen from the first file's header, found by name in the others.
struct Columns {
  std::vector<Column> used;  // inputs first
  std::size_t inputs = 0;
};

struct Rows {
  std::string name;
  std::vector<double> values;  // [rows, used]; names as Categories::number
};

[[noreturn]] void unknown_column(const std::string& key, const std::string& name, const Names& header,
                                 const std::string& file) {
  const std::string near = nearest(name, {header.begin(), header.end()});
  constexpr std::size_t kShown = 20;
  const std::span shown_names = std::span(header).first(std::min(kShown, header.size()));
  const bool separated_otherwise = header.size() == 1 && header[0].find_first_of(";\t") != std::string::npos;
  throw UsageError(fmt::format("data.{}: {} has no column '{}'{}; it has {}{}{}", key, file, printable(name),
                               near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                               printable(fmt::format("{}", fmt::join(shown_names, ", ")), 400),
                               header.size() > kShown ? ", …" : "",
                               separated_otherwise ? "; only commas separate cells" : ""));
}

Columns choose_columns(const recipe::Data& data, const Names& header, const std::string& file) {
  for (const auto& [key, names] :
       {std::pair("target_columns", &data.target_columns), std::pair("input_columns", &data.input_columns),
        std::pair("categorical", &data.categorical)}) {
    for (const std::string& name : *names) {
      if (!contains(header, name)) unknown_column(key, name, header, file);
    }
  }
  if (data.target_columns.empty())
    throw UsageError("data.target_columns is empty; name the column that is to be learned");
  Columns columns;
  const auto use = [&](const std::string& name, bool target) {
    columns.used.push_back(
        {name, target, contains(data.categorical, name) ? std::optional(Categories()) : std::nullopt});
  };
  for (const std::string& name : data.input_columns.empty() ? header : data.input_columns) {
    if (!contains(data.target_columns, name)) {
      use(name, false);
    } else if (!data.input_columns.empty()) {
      throw UsageError(
          fmt::format("data.input_columns: '{}' is a target column too; it would be learned from itself", name));
    }
  }
  columns.inputs = columns.used.size();
  if (columns.inputs == 0)
    throw UsageError(fmt::format("data.input_columns: {} has no column left for the inputs", file));
  for (const std::string& name : data.target_columns) use(name, true);
  return columns;
}

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

// One file, read row by row into the columns that are used.
class TableReader {
 public:
  TableReader(const fs::path& file, const recipe::Data& data)
      : name_(shown(file)), bytes_(read_file(file, memory_limit(data))), csv_(bytes_.view, name_), data_(data) {
    if (bytes_.view.empty()) throw InputError(fmt::format("{}: is empty", name_));
  }
  const Names& header();
  Rows read(Columns& columns);
  Names notes() const;

 private:
  double cell(const std::string& text, Column& column) const;
  [[noreturn]] void fail(const Column& column, const std::string& what) const {
    throw InputError(fmt::format("{}:{}: column '{}': {}", name_, csv_.line(), printable(column.name), what));
  }

  std::string name_;
  Bytes bytes_;
  CsvReader csv_;
  const recipe::Data& data_;
  Names header_;
  Names first_;  // the first row, where it had to be read to count the columns
  bool header_is_numbers_ = false;
};

const Names& TableReader::header() {
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

Names TableReader::notes() const {
  Names result;
  if (header_is_numbers_) {
    result.push_back(
        fmt::format("{}: the first line is taken for names of columns, yet all of it are numbers; data.header = "
                    "false takes it for data",
                    name_));
  }
  if (contains(header_, "") && data_.input_columns.empty()) {
    result.push_back(fmt::format("{}: a column without a name is an input too; data.input_columns chooses", name_));
  }
  return result;
}

double TableReader::cell(const std::string& text, Column& column) const {
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

Rows TableReader::read(Columns& columns) {
  std::vector<std::size_t> places;
  for (const Column& column : columns.used) {
    const auto found = std::ranges::find(header_, column.name);
    if (found == header_.end()) unknown_column("test and data.validation", column.name, header_, name_);
    places.push_back(static_cast<std::size_t>(found - header_.begin()));
  }
  Rows rows{name_, {}};
  Names cells = first_;
  while (!cells.empty() || csv_.next(cells)) {
    for (std::size_t i = 0; i < places.size(); ++i) rows.values.push_back(cell(cells[places[i]], columns.used[i]));
    cells.clear();
  }
  if (rows.values.empty())
    throw InputError(fmt::format("{}: has no rows{}", name_, data_.header ? " below its header" : ""));
  return rows;
}

// The part of the columns that are inputs, or targets: names of inputs spread over columns of 0 and 1, names of targets
// ranked.
Array assemble(const Rows& rows, const Columns& columns, bool target, std::size_t limit) {
  const std::size_t used = columns.used.size(), count = rows.values.size() / used;
  std::size_t width = 0;
  for (const Column& c : columns.used) {
    if (c.target == target) width += c.categories && !target ? c.categories->size() : 1;
  }
  if (width > limit / sizeof(double) / count) {
    throw InputError(
        fmt::format("{}: {} rows of {} columns, most of them for the values of categorical columns, take more than "
                    "data.memory = {} MiB; leave columns with a value for each row out of data.input_columns",
                    rows.name, count, width, limit >> 20U));
  }
  at::Tensor out = at::zeros({static_cast<std::int64_t>(count), static_cast<std::int64_t>(width)}, at::kDouble);
  double* data = out.data_ptr<double>();
  std::size_t at = 0;
  for (std::size_t c = 0; c < used; ++c) {
    const Column& column = columns.used[c];
    if (column.target != target) continue;
    const std::vector<double> ranks = column.categories ? column.categories->ranks() : std::vector<double>();
    for (std::size_t r = 0; r < count; ++r) {
      const double value = rows.values[r * used + c];
      if (column.categories && !target) {
        data[r * width + at + static_cast<std::size_t>(ranks[static_cast<std::size_t>(value)])] = 1.0;
      } else {
        data[r * width + at] = column.categories ? ranks[static_cast<std::size_t>(value)] : value;
      }
    }
    at += column.categories && !target ? ranks.size() : 1;
  }
  return to_array(out, fmt::format("{}: {}", rows.name, target ? "targets" : "inputs"));
}

std::int64_t named_classes(const Columns& columns) {
  const std::span targets = std::span(columns.used).subspan(columns.inputs);
  const bool named = std::ranges::any_of(targets, [](const Column& c) { return c.categories.has_value(); });
  if (named && targets.size() > 1) {
    throw UsageError("data.target_columns: a categorical target stands alone; several targets are numbers");
  }
  return named ? static_cast<std::int64_t>(targets[0].categories->size()) : 0;
}

}  // namespace

Source read_csv_source(const recipe::Data& data, const fs::path& folder) {
  Source source;
  const fs::path path = find_data(data.path, folder, "data.path");
  TableReader reader(path, data);
  Columns columns = choose_columns(data, reader.header(), shown(path));
  const Rows train = reader.read(columns);
  const auto other = [&](const recipe::Split& split, const char* key) -> std::optional<Rows> {
    const auto* name = std::get_if<std::string>(&split);
    if (name == nullptr) return std::nullopt;
    TableReader second(find_data(*name, folder, key), data);
    second.header();
    return second.read(columns);
  };
  // All files are read before names become numbers, so that a name has the same number in all.
  const std::optional<Rows> test = other(data.test, "data.test"),
                            validation = other(data.validation, "data.validation");
  const auto table = [&](const Rows& rows) {
    return Table{assemble(rows, columns, false, memory_limit(data)), assemble(rows, columns, true, memory_limit(data))};
  };
  source.name = shown(path);
  source.train = table(train);
  if (test) source.test = table(*test);
  if (validation) source.validation = table(*validation);
  source.named_classes = named_classes(columns);
  source.untyped = true;
  source.notes = reader.notes();
  return source;
}

}  // namespace thalweg
