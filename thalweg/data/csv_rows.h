// The rows of one csv file, as numbers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/data/bytes.h"
#include "thalweg/data/csv.h"
#include "thalweg/data/csv_columns.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

struct CsvRows {
  std::string name;
  std::vector<double> values;  // [rows, used]; names as Categories::number
};

// InputErrors name file, line and column: a missing or non-finite cell, text among numbers, a column twice, no rows.
class CsvRowReader {
 public:
  CsvRowReader(const std::filesystem::path& file, const recipe::Data& data);
  // The columns' names; without a header "1", "2", ….
  const std::vector<std::string>& header();
  // All rows, in the columns that are used; names are added to their categories.
  CsvRows read(CsvColumns& columns);
  // What is doubtful about the header.
  std::vector<std::string> notes() const;

 private:
  double cell(const std::string& text, Column& column) const;
  [[noreturn]] void fail(const Column& column, const std::string& what) const;

  std::string name_;
  Bytes bytes_;
  CsvReader csv_;
  const recipe::Data& data_;
  std::vector<std::string> header_;
  std::vector<std::string> first_;  // the first row, where it had to be read to count the columns
  bool header_is_numbers_ = false;
};

}  // namespace thalweg
