#include "thalweg/report/table.h"

#include <algorithm>
#include <numeric>

namespace thalweg::report {
namespace {

constexpr int kGap = 2;
constexpr int kNarrowest = 8;  // a column is not cut below this

using Row = std::vector<std::string>;

std::vector<int> natural_widths(const std::vector<Column>& columns, const Rows& rows) {
  std::vector<int> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    int width = display_width(columns[i].title);
    for (const Row& row : rows) width = std::max(width, i < row.size() ? display_width(row[i]) : 0);
    widths.push_back(width);
  }
  return widths;
}

int total(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 0) + kGap * (static_cast<int>(widths.size()) - 1);
}

// Takes columns from the widest left-aligned one until the table fits, or none can give.
void shrink(std::vector<int>& widths, const std::vector<Column>& columns, int available) {
  for (int excess = total(widths) - available; excess > 0; --excess) {
    int* widest = nullptr;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool can_give = columns[i].align == Align::left && widths[i] > kNarrowest;
      if (can_give && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

std::string line(const Row& cells, const std::vector<Column>& columns, const std::vector<int>& widths) {
  std::string result;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) result.append(kGap, ' ');
    result += padded(cut(i < cells.size() ? cells[i] : "", widths[i]), widths[i], columns[i].align);
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

}  // namespace

std::string table(const std::vector<Column>& columns, const Rows& rows, const Look& look) {
  if (columns.empty()) return "";
  std::vector<int> widths = natural_widths(columns, rows);
  shrink(widths, columns, look.width);
  Row titles;
  for (const Column& column : columns) titles.push_back(column.title);
  std::string rule;
  for (int i = total(widths); i > 0; --i) rule += "─";
  std::string result =
      painted(line(titles, columns, widths), Paint::bold, look) + "\n" + painted(rule, Paint::dim, look) + "\n";
  for (const Row& row : rows) result += line(row, columns, widths) + "\n";
  return result;
}

int table_width(const std::vector<Column>& columns, const Rows& rows) { return total(natural_widths(columns, rows)); }

}  // namespace thalweg::report
