#include "thalweg/record/scope_table.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace thalweg {

Scope ScopeTable::number(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<Scope>(found - names_.begin());
  if (names_.size() > std::numeric_limits<Scope>::max()) throw std::length_error("more than 65535 scopes in one run");
  names_.emplace_back(name);
  return static_cast<Scope>(names_.size() - 1);
}

}  // namespace thalweg
