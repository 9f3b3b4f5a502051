// Tables of a csv file: which columns are inputs and which are targets, names into numbers.
#pragma once

#include <filesystem>

#include "thalweg/data/source.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// Every cell of an input or target column is a number, except in `categorical` columns: an input of that kind becomes
// one column of 0 and 1 for each of its values (in the order of the alphabet, over all files), a target of that kind
// becomes classes. Without a header the columns are called "1", "2", …. UsageErrors: unknown columns (with the nearest
// name). InputErrors, with file, line and column: a missing or non-finite cell, text among numbers, ragged rows, a name
// given twice.
Source read_csv_source(const recipe::Data& data, const std::filesystem::path& folder);

}  // namespace thalweg
