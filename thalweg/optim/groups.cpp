#include "thalweg/optim/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

// What a person may have meant: a parameter, all of a kind ("*.bias"), all of a layer ("fc1.*").
std::string nearest_match(const std::string& match, const std::vector<std::string>& names) {
  std::set<std::string> sensible(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos) continue;
    sensible.insert("*" + name.substr(dot));
    sensible.insert(name.substr(0, dot) + ".*");
  }
  return nearest(match, {sensible.begin(), sensible.end()});
}

[[noreturn]] void refuse(std::size_t number, const recipe::Group& group, const std::vector<std::string>& names) {
  const std::string meant = nearest_match(group.match, names);
  std::string some;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 6); ++i)
    some += (i ? ", " : "") + printable(names[i]);
  throw UsageError(fmt::format("optimizer.groups[{}].match = \"{}\" matches no parameter{}; there are {}{}", number,
                               printable(group.match),
                               meant.empty() ? "" : "; did you mean \"" + printable(meant) + "\"?", some,
                               names.size() > 6 ? fmt::format(" and {} more", names.size() - 6) : ""));
}

ParameterOptions group_options(const recipe::Optimizer& options, const recipe::Group& group) {
  ParameterOptions own{.lr_factor = 1.0, .weight_decay = options.weight_decay};
  if (group.lr >= 0.0 && options.lr == 0.0) {
    throw UsageError(
        fmt::format("optimizer.groups: \"{}\" has lr = {}, a multiple of optimizer.lr, which is 0: set it above 0",
                    printable(group.match), group.lr));
  }
  if (group.lr >= 0.0) own.lr_factor = group.lr / options.lr;
  if (group.weight_decay >= 0.0) own.weight_decay = group.weight_decay;
  return own;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // let the last star take one character more
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<ParameterOptions> assign_groups(const recipe::Optimizer& options, const std::vector<std::string>& names) {
  std::vector<ParameterOptions> assigned(names.size(), {.lr_factor = 1.0, .weight_decay = options.weight_decay});
  std::vector<bool> taken(names.size(), false);
  for (std::size_t number = 0; number < options.groups.size(); ++number) {
    const recipe::Group& group = options.groups[number];
    const ParameterOptions own = group_options(options, group);
    bool matched = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!glob_matches(group.match, names[i])) continue;
      matched = true;
      if (!taken[i]) assigned[i] = own;
      taken[i] = true;
    }
    if (!matched) refuse(number, group, names);
  }
  return assigned;
}

}  // namespace thalweg
