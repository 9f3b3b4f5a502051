#include "thalweg/data/csv_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using Names = std::vector<std::string>;

bool contains(const Names& names, const std::string& name) { return std::ranges::find(names, name) != names.end(); }

void check_names(const recipe::Data& data, const Names& header, const std::string& file) {
  for (const auto& [key, names] :
       {std::pair("target_columns", &data.target_columns), std::pair("input_columns", &data.input_columns),
        std::pair("categorical", &data.categorical)}) {
    for (const std::string& name : *names) {
      if (!contains(header, name)) unknown_column(key, name, header, file);
    }
  }
  if (data.target_columns.empty()) {
    throw UsageError("data.target_columns is empty; name the column that is to be learned");
  }
  for (const std::string& name : data.input_columns) {
    if (!contains(data.target_columns, name)) continue;
    throw UsageError(
        fmt::format("data.input_columns: '{}' is a target column too; it would be learned from itself", name));
  }
}

}  // namespace

void unknown_column(const std::string& key, const std::string& name, const Names& header, const std::string& file) {
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

CsvColumns choose_columns(const recipe::Data& data, const Names& header, const std::string& file) {
  check_names(data, header, file);
  CsvColumns columns;
  const auto use = [&](const std::string& name, bool target) {
    const bool named = contains(data.categorical, name);
    columns.used.push_back({name, target, named ? std::optional(Categories()) : std::nullopt});
  };
  for (const std::string& name : data.input_columns.empty() ? header : data.input_columns) {
    if (!contains(data.target_columns, name)) use(name, false);
  }
  columns.inputs = columns.used.size();
  if (columns.inputs == 0) {
    throw UsageError(fmt::format("data.input_columns: {} has no column left for the inputs", file));
  }
  for (const std::string& name : data.target_columns) use(name, true);
  return columns;
}

std::int64_t named_classes(const CsvColumns& columns) {
  const std::span targets = std::span(columns.used).subspan(columns.inputs);
  const bool named = std::ranges::any_of(targets, [](const Column& c) { return c.categories.has_value(); });
  if (named && targets.size() > 1) {
    throw UsageError("data.target_columns: a categorical target stands alone; several targets are numbers");
  }
  return named ? static_cast<std::int64_t>(targets[0].categories->size()) : 0;
}

}  // namespace thalweg
