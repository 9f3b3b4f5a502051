#include "thalweg/record/scope_table.h"

#include <limits>
#include <stdexcept>

namespace thalweg {

Scope ScopeTable::number(std::string_view name) {
  if (name.empty()) return kWholeModel;
  const auto [entry, is_new] = numbers_.try_emplace(std::string(name), static_cast<Scope>(names_.size()));
  if (!is_new) return entry->second;
  if (names_.size() > std::numeric_limits<Scope>::max()) {
    numbers_.erase(entry);
    throw std::length_error("more than 65535 scopes in one run");
  }
  names_.push_back(entry->first);
  return entry->second;
}

const std::string& ScopeTable::name(Scope scope) const {
  static const std::string kUnnamed = "?";
  return scope < names_.size() ? names_[scope] : kUnnamed;
}

}  // namespace thalweg
