// Tables in text: columns aligned by what is seen, not by bytes.
#pragma once

#include <string>
#include <vector>

#include "thalweg/report/look.h"
#include "thalweg/report/text.h"

namespace thalweg::report {

struct Column {
  std::string title;
  Align align = Align::left;
};
using Rows = std::vector<std::vector<std::string>>;

// Two spaces between columns, a dim rule under the titles. Where the table is wider than the look, its widest
// left-aligned columns are cut. A row with fewer cells than columns is filled with empty ones.
std::string table(const std::vector<Column>& columns, const Rows& rows, const Look& look);

// Columns that the table takes where nothing is cut.
int table_width(const std::vector<Column>& columns, const Rows& rows);

}  // namespace thalweg::report
