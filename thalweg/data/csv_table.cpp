#include "thalweg/data/csv_table.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>
#include <variant>

#include "thalweg/data/csv_columns.h"
#include "thalweg/data/csv_rows.h"
#include "thalweg/data/find.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

// How many columns a column of the file becomes.
std::size_t width_of(const Column& column) {
  return column.categories && !column.target ? column.categories->size() : 1;
}

// Writes a column of the file to `out`, whose rows are `width` apart: an input's names as columns of 0 and 1 (which are
// 0 already), a target's as their rank.
void write_column(const CsvRows& rows, const CsvColumns& columns, std::size_t number, double* out, std::size_t width) {
  const Column& column = columns.used[number];
  const std::vector<double> ranks = column.categories ? column.categories->ranks() : std::vector<double>();
  for (std::size_t i = number; i < rows.values.size(); i += columns.used.size(), out += width) {
    const double value = column.categories ? ranks[static_cast<std::size_t>(rows.values[i])] : rows.values[i];
    if (column.categories && !column.target) {
      out[static_cast<std::size_t>(value)] = 1.0;
    } else {
      *out = value;
    }
  }
}

// The columns that are inputs, or those that are targets.
Array assemble(const CsvRows& rows, const CsvColumns& columns, bool target, std::size_t limit) {
  const std::size_t count = rows.values.size() / columns.used.size();
  std::size_t width = 0;
  for (const Column& column : columns.used) width += column.target == target ? width_of(column) : 0;
  if (width > limit / sizeof(double) / count) {
    throw InputError(
        fmt::format("{}: {} rows of {} columns, most of them for the values of categorical columns, take more than "
                    "data.memory = {} MiB; leave columns with a value for each row out of data.input_columns",
                    rows.name, count, width, limit >> 20U));
  }
  const at::Tensor out = at::zeros({static_cast<std::int64_t>(count), static_cast<std::int64_t>(width)}, at::kDouble);
  double* place = out.data_ptr<double>();
  for (std::size_t number = 0; number < columns.used.size(); ++number) {
    if (columns.used[number].target != target) continue;
    write_column(rows, columns, number, place, width);
    place += width_of(columns.used[number]);
  }
  return to_array(out, fmt::format("{}: {}", rows.name, target ? "targets" : "inputs"));
}

}  // namespace

Source read_csv_source(const recipe::Data& data, const fs::path& folder) {
  Source source;
  const fs::path path = find_data(data.path, folder, "data.path");
  CsvRowReader reader(path, data);
  CsvColumns columns = choose_columns(data, reader.header(), shown(path));
  const CsvRows train = reader.read(columns);
  const auto other = [&](const recipe::Split& split, const char* key) -> std::optional<CsvRows> {
    const auto* name = std::get_if<std::string>(&split);
    if (name == nullptr) return std::nullopt;
    CsvRowReader second(find_data(*name, folder, key), data);
    second.header();
    return second.read(columns);
  };
  // All files are read before names become numbers, so that a name has the same number in all.
  const std::optional<CsvRows> test = other(data.test, "data.test"),
                               validation = other(data.validation, "data.validation");
  const auto table = [&](const CsvRows& rows) {
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
