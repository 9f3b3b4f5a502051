#include "thalweg/data/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include "thalweg/data/csv_table.h"
#include "thalweg/data/find.h"
#include "thalweg/data/idx.h"
#include "thalweg/data/npy.h"
#include "thalweg/data/safetensors_header.h"
#include "thalweg/data/synthetic.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

struct Tables {
  Table train;
  std::optional<Table> test;
};
// Reads the tables that a file or folder holds.
using Reader = std::function<Tables(const fs::path&)>;

Tables read_idx_tables(const fs::path& path, std::size_t limit) {
  const IdxFiles files = find_idx(path);
  const auto table = [&](const IdxPair& pair) {
    Table result{read_idx(pair.inputs, limit), read_idx(pair.targets, limit)};
    std::vector<std::int64_t>& shape = result.inputs.shape;
    if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);  // grey images: one channel
    return result;
  };
  return {table(files.train), files.test ? std::optional(table(*files.test)) : std::nullopt};
}

// Arrays by name, from npz and safetensors alike: x and y, or x_train and y_train; x_test and y_test.
template <class File>
Tables read_named(const File& file) {
  const bool spelled_out = !file.has("x") && file.has("x_train");
  Tables tables{{file.read(spelled_out ? "x_train" : "x"), file.read(spelled_out ? "y_train" : "y")}, std::nullopt};
  if (file.has("x_test") || file.has("y_test")) tables.test = Table{file.read("x_test"), file.read("y_test")};
  return tables;
}

// The arrays of a mapped safetensors file.
class SafetensorsArrays {
 public:
  explicit SafetensorsArrays(const fs::path& file)
      : bytes_(map_file(file)), name_(shown(file)), header_(parse_safetensors_header(bytes_.view, name_)) {}

  bool has(const std::string& array) const { return find(array) != header_.entries.end(); }
  Array read(const std::string& array) const {
    const auto entry = find(array);
    if (entry == header_.entries.end()) {
      std::string there;
      for (const SafetensorsEntry& other : header_.entries)
        there += (there.empty() ? "" : ", ") + printable(other.name, 40);
      throw InputError(fmt::format("{}: has no array {}; it has {}", name_, array, there.empty() ? "none" : there));
    }
    if (entry->shape.empty())
      throw InputError(
          fmt::format("{}: array {}: is a single number; its first axis should be the rows", name_, array));
    return {bytes_.part(entry->begin, entry->end - entry->begin), entry->type, false, entry->shape,
            fmt::format("{}: array {}", name_, array)};
  }

 private:
  std::vector<SafetensorsEntry>::const_iterator find(const std::string& array) const {
    return std::find_if(header_.entries.begin(), header_.entries.end(),
                        [&](const SafetensorsEntry& entry) { return entry.name == array; });
  }

  Bytes bytes_;
  std::string name_;
  SafetensorsHeader header_;
};

Reader reader_of(const recipe::Data& data, const fs::path& folder) {
  const std::size_t limit = memory_limit(data);
  switch (data.format) {
    case recipe::Format::idx:
      return [limit](const fs::path& path) { return read_idx_tables(path, limit); };
    case recipe::Format::npz:
      return [limit](const fs::path& path) { return read_named(Npz(path, limit)); };
    case recipe::Format::safetensors:
      return [](const fs::path& path) { return read_named(SafetensorsArrays(path)); };
    case recipe::Format::npy:
      // Another part of npy data is a folder with files of the same names.
      return [=](const fs::path& path) {
        const auto file = [&](const std::string& name, const char* key) {
          return path.empty() ? find_data(name, folder, key) : path / fs::path(name).filename();
        };
        return Tables{{read_npy(file(data.inputs, "data.inputs"), limit),
                       read_npy(file(data.targets_path, "data.targets_path"), limit)},
                      std::nullopt};
      };
    default:
      throw UsageError("data.format: is not read as arrays");
  }
}

Source read_arrays(const recipe::Data& data, const fs::path& folder) {
  const Reader read = reader_of(data, folder);
  Source source;
  const fs::path path = data.format == recipe::Format::npy ? fs::path() : find_data(data.path, folder, "data.path");
  Tables tables = read(path);
  source.name = path.empty() ? tables.train.inputs.name : shown(path);
  source.train = std::move(tables.train);
  if (const auto* other = std::get_if<std::string>(&data.test)) {
    source.test = read(find_data(*other, folder, "data.test")).train;
  } else if (std::holds_alternative<recipe::Given>(data.test)) {
    source.test = std::move(tables.test);
  }
  if (tables.test && !std::holds_alternative<recipe::Given>(data.test)) {
    source.notes.push_back(
        fmt::format("{}: its own test part is not used; data.test = \"given\" takes it", source.name));
  }
  if (const auto* other = std::get_if<std::string>(&data.validation)) {
    source.validation = read(find_data(*other, folder, "data.validation")).train;
  }
  return source;
}

void check_table(const Table& table) {
  const auto& [inputs, targets] = table;
  if (inputs.rows() != targets.rows()) {
    throw InputError(fmt::format("{} has {} rows, but {} has {}; each row needs its target", inputs.name, inputs.rows(),
                                 targets.name, targets.rows()));
  }
  for (const Array* array : {&inputs, &targets}) {
    if (array->rows() == 0 || array->row_elements() == 0) {
      throw InputError(
          fmt::format("{}: has the shape {}: there is nothing in it", array->name, shown_shape(array->shape)));
    }
    if (!c10::isIntegralType(array->type, true) && !c10::isFloatingType(array->type)) {
      throw InputError(
          fmt::format("{}: has the type {}; real numbers are read", array->name, c10::toString(array->type)));
    }
  }
}

void check_shapes(const Table& train, const Table& other) {
  const auto row = [](const Array& array) { return std::span(array.shape).subspan(1); };
  for (const auto& [mine, theirs] :
       {std::pair(&train.inputs, &other.inputs), std::pair(&train.targets, &other.targets)}) {
    if (std::ranges::equal(row(*mine), row(*theirs))) continue;
    throw InputError(fmt::format("{}: its rows have the shape {}, but those of {} have {}", theirs->name,
                                 shown_shape(row(*theirs)), mine->name, shown_shape(row(*mine))));
  }
}

}  // namespace

std::size_t memory_limit(const recipe::Data& data) { return static_cast<std::size_t>(data.memory) << 20U; }

Source read_source(const recipe::Data& data, const fs::path& folder) {
  Source source = data.format == recipe::Format::csv         ? read_csv_source(data, folder)
                  : data.format == recipe::Format::synthetic ? make_synthetic(data)
                                                             : read_arrays(data, folder);
  for (Table* table :
       {&source.train, source.test ? &*source.test : nullptr, source.validation ? &*source.validation : nullptr}) {
    if (table == nullptr) continue;
    check_table(*table);
    if (table->inputs.shape.size() == 1) table->inputs.shape.push_back(1);
    check_shapes(source.train, *table);
  }
  return source;
}

}  // namespace thalweg
