#include "thalweg/recipe/schema.h"

#include <fmt/format.h>

#include "thalweg/recipe/parse.h"

namespace thalweg::recipe {
namespace {

// The full key that ends in `key`, in whichever section: "lr" gives "optimizer.lr".
std::string elsewhere(std::string_view key) {
  for (const KeyInfo& info : keys()) {
    if (info.key.size() > key.size() && info.key.ends_with(key) && info.key[info.key.size() - key.size() - 1] == '.') {
      return std::string(info.key);
    }
  }
  return "";
}

}  // namespace

void judge_stranger(const Node::Entry& entry, const Place& place, const std::vector<std::string_view>& known,
                    const std::vector<std::string>& owners, const std::string& current) {
  Complaint complaint;
  if (place.problems->full()) return place.wrong(entry.node, complaint);  // to be counted
  if (owners.empty()) {
    complaint = {"is an unknown key", one_of(known), meant(entry.key, known)};
    if (complaint.nearest.empty()) complaint.nearest = elsewhere(entry.key);
  } else {
    complaint = {fmt::format("does not belong to {}, but to {}", current, joined(owners)), one_of(known), ""};
  }
  (place / entry.key).wrong(entry.node, complaint);
}

std::string stacked(const std::vector<std::string>& rows) {
  if (rows.empty()) return "[]";
  std::string result = "[\n";
  for (const std::string& row : rows) {
    for (const char c : "  " + row) result += c == '\n' ? "\n  " : std::string(1, c);
    result += ",\n";
  }
  return result + ']';
}

}  // namespace thalweg::recipe
