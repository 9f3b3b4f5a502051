// Comma-separated text (RFC 4180): quoted fields with commas, line breaks and doubled quotes, CRLF or LF, a byte-order
// mark.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// Takes a file apart record by record. Empty lines between records are passed over, except in a table of one column,
// where they are empty cells.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string name);
  // The next record's cells, or false at the end. InputErrors name file and line.
  bool next(std::vector<std::string>& cells);
  std::size_t line() const { return record_line_; }  // where the last record begins, counted from 1

 private:
  [[noreturn]] void fail(const std::string& what) const;
  std::string quoted_cell();
  std::string plain_cell();
  // Passes a cell's end; whether the record ends with it.
  bool ends_record();

  std::string_view rest_;
  std::string name_;
  std::size_t line_ = 1;
  std::size_t record_line_ = 1;
  std::size_t columns_ = 0;  // of the records so far
};

}  // namespace thalweg
