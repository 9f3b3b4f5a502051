// What the readers of the formats hand on: tables of rows as they lie in files, before targets are judged, rows split
// and inputs scaled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/data/array.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

struct Table {
  Array inputs;
  Array targets;
};

struct Source {
  std::string name;  // the file, for messages
  Table train;
  std::optional<Table> test;                               // the file's own, or another file's
  std::optional<Table> validation;                         // another file's
  std::int64_t named_classes = 0;                          // the targets number so many names; 0: they are numbers
  bool untyped = false;                                    // numbers were written as text: whole ones may be classes
  recipe::TargetKind targets = recipe::TargetKind::infer;  // what the targets are, where the source knows
  std::vector<std::string> notes;
};

// Every format but text. Rows are counted and matched: inputs and targets of a table have as many, and at least one,
// and the rows of all tables have one shape.
Source read_source(const recipe::Data& data, const std::filesystem::path& folder);

// data.memory in bytes.
std::size_t memory_limit(const recipe::Data& data);

}  // namespace thalweg
