// The columns of csv tables: which are read, and which of them hold names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

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
struct CsvColumns {
  std::vector<Column> used;  // inputs first
  std::size_t inputs = 0;
};

// UsageErrors: a column that the header has not, none for the inputs, a target among the inputs. `file` names the file.
CsvColumns choose_columns(const recipe::Data& data, const std::vector<std::string>& header, const std::string& file);

[[noreturn]] void unknown_column(const std::string& key, const std::string& name,
                                 const std::vector<std::string>& header, const std::string& file);

// How many names the target column has, once all files are read; 0 where it holds numbers.
std::int64_t named_classes(const CsvColumns& columns);

}  // namespace thalweg
