// A file of comma-separated values (RFC 4180), with one header line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "thalweg/store/beside_file.h"

namespace thalweg {

class CsvFile {
 public:
  CsvFile(const std::filesystem::path& file, std::initializer_list<std::string_view> columns);  // IoError

  // The cells of a line, one after the other.
  CsvFile& operator<<(std::string_view text);
  CsvFile& operator<<(double number);  // the shortest text that gives the same number; nan, inf, -inf
  CsvFile& operator<<(std::int64_t number);
  void end_line();

  void commit() { file_.commit(); }

 private:
  void next_cell();

  BesideFile file_;
  std::string line_;
  bool first_ = true;
};

}  // namespace thalweg
