#include "thalweg/diagnose/history.h"

#include <algorithm>
#include <cmath>

namespace thalweg {
namespace {

constexpr auto kQuantities = static_cast<std::size_t>(Quantity::count_);

// Every second point of the older half goes; but not the first that is not finite, since a check asks for it.
void thin(std::vector<Point>& points) {
  const auto finite = [](const Point& point) { return std::isfinite(point.value); };
  const auto stays = static_cast<std::size_t>(std::find_if_not(points.begin(), points.end(), finite) - points.begin());
  const std::size_t half = points.size() / 2;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < half; ++i) {
    if (i % 2 == 0 || i == stays) points[kept++] = points[i];
  }
  points.erase(points.begin() + static_cast<std::ptrdiff_t>(kept), points.begin() + static_cast<std::ptrdiff_t>(half));
}

}  // namespace

void History::put(const Reading& reading) {
  const auto quantity = static_cast<std::size_t>(reading.quantity);
  if (quantity >= kQuantities) return;  // count_ and beyond are no quantities
  auto& scopes_of = series_[quantity];
  if (reading.scope >= scopes_of.size()) scopes_of.resize(reading.scope + std::size_t{1});
  std::vector<Point>& points = scopes_of[reading.scope];
  const Point point{reading.step, reading.value, reading.error};
  if (points.empty() || points.back().step <= point.step) {
    points.push_back(point);
  } else {
    const auto later = [](std::int64_t step, const Point& other) { return step < other.step; };
    points.insert(std::upper_bound(points.begin(), points.end(), point.step, later), point);
  }
  if (points.size() >= kMostPoints) thin(points);
  last_step_ = std::max(last_step_, reading.step);
}

std::span<const Point> History::series(Quantity quantity, Scope scope) const {
  const auto index = static_cast<std::size_t>(quantity);
  if (index >= kQuantities || scope >= series_[index].size()) return {};
  return series_[index][scope];
}

std::vector<Scope> History::scopes(Quantity quantity) const {
  std::vector<Scope> result;
  const auto index = static_cast<std::size_t>(quantity);
  if (index >= kQuantities) return result;
  for (std::size_t scope = 0; scope < series_[index].size(); ++scope) {
    if (!series_[index][scope].empty()) result.push_back(static_cast<Scope>(scope));
  }
  return result;
}

}  // namespace thalweg
