#include "thalweg/diagnose/unit_share.h"

#include <algorithm>

namespace thalweg {
namespace {

UnitShare share_of(std::span<const Point> series, std::string layer, double limit) {
  UnitShare share{.layer = std::move(layer), .last = series.back().value};
  if (series.size() > 1) share.before = series[series.size() - 2].value;
  share.first_step = share.last_step = series.back().step;
  for (auto p = series.rbegin(); p != series.rend() && p->value >= limit; ++p) share.first_step = p->step;
  return share;
}

}  // namespace

std::optional<UnitShare> highest_share(const History& history, Quantity quantity, double limit) {
  std::optional<UnitShare> highest;
  for (const Scope scope : history.scopes(quantity)) {
    UnitShare share = share_of(history.series(quantity, scope), history.scopes_table.name(scope), limit);
    if (!highest || share.last > highest->last) highest = std::move(share);
  }
  return highest;
}

std::optional<LossLevel> not_learnt(const History& history, const LossLevelOptions& options, int steps, double share) {
  auto level = loss_level(history, options);
  if (!level || std::ssize(history.series(Quantity::loss)) < steps) return std::nullopt;
  if (level->recent < share * level->floor) return std::nullopt;
  return level;
}

}  // namespace thalweg
