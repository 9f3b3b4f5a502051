#include "thalweg/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "thalweg/record/error.h"

namespace thalweg {

CsvReader::CsvReader(std::string_view text, std::string name) : rest_(text), name_(std::move(name)) {
  if (rest_.find('\0') != std::string_view::npos) {
    throw InputError(fmt::format("{}: holds a zero byte, so it is no text in UTF-8", name_));
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

void CsvReader::fail(const std::string& what) const {
  throw InputError(fmt::format("{}:{}: {}", name_, record_line_, what));
}

bool CsvReader::next(std::vector<std::string>& cells) {
  cells.clear();
  while (columns_ != 1 && !rest_.empty() && (rest_[0] == '\n' || rest_.starts_with("\r\n"))) ends_record();
  record_line_ = line_;
  if (rest_.empty()) return false;
  do {
    cells.push_back(rest_.starts_with('"') ? quoted_cell() : plain_cell());
  } while (!ends_record());
  if (columns_ == 0) columns_ = cells.size();
  if (cells.size() != columns_) {
    fail(fmt::format("has {} cells, but the lines before it have {}", cells.size(), columns_));
  }
  return true;
}

std::string CsvReader::plain_cell() {
  const std::size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
  std::string cell(rest_.substr(0, end));
  rest_.remove_prefix(end);
  if (cell.ends_with('\r') && !rest_.starts_with(',')) cell.pop_back();
  return cell;
}

std::string CsvReader::quoted_cell() {
  std::string cell;
  rest_.remove_prefix(1);
  while (true) {
    const std::size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) fail("a quoted cell of this line is never closed");
    const std::string_view piece = rest_.substr(0, quote);
    cell += piece;
    line_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) return cell;
    cell += '"';
    rest_.remove_prefix(1);
  }
}

bool CsvReader::ends_record() {
  if (rest_.starts_with(',')) {
    rest_.remove_prefix(1);
    return false;
  }
  if (rest_.starts_with("\r\n") || rest_ == "\r") rest_.remove_prefix(1);
  if (rest_.empty()) return true;
  if (rest_[0] != '\n')
    fail(fmt::format("after a closing quote comes '{}' instead of a comma", printable(rest_.substr(0, 1))));
  rest_.remove_prefix(1);
  ++line_;
  return true;
}

}  // namespace thalweg
