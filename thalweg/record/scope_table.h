// The names of a run's scopes, numbered in order of appearance; number 0 is the whole model.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "thalweg/record/reading.h"

namespace thalweg {

class ScopeTable {
 public:
  // The number of `name`, given one when it is new. "" is the whole model.
  Scope number(std::string_view name);
  const std::string& name(Scope scope) const;  // "?" where it was given none
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_{""};
  std::unordered_map<std::string, Scope> numbers_;  // of all but ""
};

}  // namespace thalweg
