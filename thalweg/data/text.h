// A text as a row of characters.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "thalweg/data/dataset.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// Text data: UTF-8, each code point a character, numbered in the order of Unicode over all files. A byte-order mark at
// the start is no character. Parts do not share characters: test is the last part of the text, validation the last part
// of the rest. Windows of the training part begin every `stride` characters; those of the other parts do not overlap,
// so that each character counts once. InputErrors: not UTF-8 (with line and byte), shorter than a window. UsageErrors:
// a scaling of characters.
Dataset load_text(const recipe::Data& data, const std::filesystem::path& folder);

}  // namespace thalweg
