// A Position as state.json holds it: doubles written so that they come back bit for bit, non-finite ones as strings.
#pragma once

#include <string>

#include "thalweg/train/checkpoint.h"

namespace thalweg {

std::string to_json(const Position& position);
// `where` names the file in an InputError.
Position position_from_json(const std::string& text, const std::string& where);

}  // namespace thalweg
