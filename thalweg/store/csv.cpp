#include "thalweg/store/csv.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace thalweg {

CsvFile::CsvFile(const std::filesystem::path& file, std::initializer_list<std::string_view> columns) : file_(file) {
  for (const std::string_view column : columns) *this << column;
  end_line();
}

CsvFile& CsvFile::operator<<(std::string_view text) {
  next_cell();
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line_ += text;
    return *this;
  }
  line_ += '"';
  for (const char c : text) line_.append(c == '"' ? 2 : 1, c);
  line_ += '"';
  return *this;
}

CsvFile& CsvFile::operator<<(double number) {
  next_cell();
  if (std::isnan(number)) {
    line_ += "nan";  // whatever its sign
  } else {
    fmt::format_to(std::back_inserter(line_), "{}", number);
  }
  return *this;
}

CsvFile& CsvFile::operator<<(std::int64_t number) {
  next_cell();
  fmt::format_to(std::back_inserter(line_), "{}", number);
  return *this;
}

void CsvFile::end_line() {
  line_ += "\r\n";
  file_.write(line_);
  line_.clear();
  first_ = true;
}

void CsvFile::next_cell() {
  if (!first_) line_ += ',';
  first_ = false;
}

}  // namespace thalweg
