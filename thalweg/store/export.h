// A run for other programs. Files are streamed, written beside their names and renamed when they are complete; what was
// there before is replaced. docs/store.md has the columns.
#pragma once

#include <filesystem>

#include "thalweg/store/store.h"

namespace thalweg {

// A folder, made where there is none: run.csv (key, value), readings.csv, evaluations.csv (one line a loss or metric),
// actions.csv, findings.csv. RFC 4180 with one header line; numbers in their shortest exact form, nan, inf and -inf as
// such; an empty cell where there is no value. IoError; InputError of the reader.
void export_csv(const StoreReader& run, const std::filesystem::path& folder);

// One document: {"schema":1,"run":{…},"scopes":[…],"evaluations":[…],"actions":[…],"result":{…}|null,"readings":[…]}.
// A reading has "step", "quantity", "scope", "value", and "error" and "cost" where there are any.
void export_json(const StoreReader& run, const std::filesystem::path& file);

}  // namespace thalweg
