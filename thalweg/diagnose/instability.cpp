#include "thalweg/diagnose/instability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kBlock = 16;
constexpr std::size_t kBlocks = 4;

// What forecasts are made from.
struct Readings {
  std::vector<Point> overshoots;
  std::vector<Point> edges;  // log edge_ratio
  std::span<const Point> losses;
  double planned = kInfinity;  // steps of the run
};

// One batch may hold a direction that the optimizer has hardly seen, and an outlier must not draw the line. Where
// momentum carries a step uphill ρ is large and negative: its size tells, the second order over the first.
double tamed_overshoot(double rho) { return std::min(std::abs(rho), 1.5); }
double tamed_log_ratio(double ratio) { return std::log(std::clamp(ratio, 0.01, 10.0)); }

// One a step, the exact one where both were read. Error bars are not asked: the secant's grows where the landscape
// bends most, just where a run is about to be lost, and the scatter about the line counts what they would.
std::vector<Point> overshoots_of(const History& history) {
  std::vector<Point> all, result;
  for (const Quantity quantity : {Quantity::overshoot_secant, Quantity::overshoot}) {
    for (const Point& p : history.series(quantity)) {
      if (!std::isnan(p.value)) all.push_back({p.step, tamed_overshoot(p.value)});
    }
  }
  std::ranges::stable_sort(all, {}, &Point::step);
  for (const Point& p : all) {
    if (!result.empty() && result.back().step == p.step) result.pop_back();
    result.push_back(p);
  }
  return result;
}

Readings readings_of(const History& history) {
  Readings readings;
  readings.overshoots = overshoots_of(history);
  for (const Point& p : history.series(Quantity::edge_ratio)) {
    const bool resolved = std::isnan(p.error) || p.error < std::abs(p.value);
    if (!std::isnan(p.value) && resolved) readings.edges.push_back({p.step, tamed_log_ratio(p.value)});
  }
  readings.losses = history.series(Quantity::loss);
  if (history.header.planned_steps > 0) readings.planned = static_cast<double>(history.header.planned_steps);
  return readings;
}

struct Line {
  double middle = 0.0;  // mean step
  double level = 0.0;   // value there
  double slope = 0.0;
  double scatter = 0.0;  // standard deviation of a reading about the line
  double squares = 0.0;  // Σ (step − middle)²
  double count = 0.0;

  double at(double step) const { return level + slope * (step - middle); }
  double rise() const { return slope == 0.0 ? 0.0 : slope * std::sqrt(squares) / scatter; }  // over its standard error
};

// Least squares through finite values. Nothing for fewer than three steps.
std::optional<Line> line_through(std::span<const Point> points) {
  Line line;
  for (const Point& p : points) {
    if (!std::isfinite(p.value)) continue;
    line.count += 1.0;
    line.middle += (static_cast<double>(p.step) - line.middle) / line.count;
    line.level += (p.value - line.level) / line.count;
  }
  double product = 0.0, total = 0.0;
  for (const Point& p : points) {
    if (!std::isfinite(p.value)) continue;
    const double x = static_cast<double>(p.step) - line.middle, y = p.value - line.level;
    line.squares += x * x, product += x * y, total += y * y;
  }
  if (line.count < 3.0 || !(line.squares > 0.0) || !std::isfinite(total)) return std::nullopt;
  line.slope = product / line.squares;
  line.scatter = std::sqrt(std::max(0.0, total - line.slope * product) / (line.count - 2.0));
  return line;
}

struct Crossing {
  double step = 0.0;
  double margin = 0.0;
};

// Where a rising line reaches `level`, now at the earliest. The margin is that of Fieller's interval: infinite where
// the slope cannot be told from zero.
Crossing crossing(const Line& line, double level, double now, double student) {
  const double distance = (level - line.level) / line.slope;
  const double relative = student / line.rise();
  const double g = relative * relative;
  const double spread = std::sqrt(std::max(0.0, 1.0 - g) / line.count + distance * distance / line.squares);
  const double margin = g < 1.0 ? student * line.scatter / (line.slope * (1.0 - g)) * spread : kInfinity;
  return {std::max(now, line.middle + distance), margin};
}

// When a growing mode exists: now where the line of the ratios is above the edge.
std::optional<Crossing> reaches_edge(const Line& edges, double now, const InstabilityOptions& options) {
  const double edge = std::log(options.edge);
  if (edges.at(now) >= edge) return Crossing{now, 0.0};
  if (!(edges.slope > 0.0)) return std::nullopt;
  return crossing(edges, edge, now, options.student);
}

std::span<const Point> last_until(std::span<const Point> series, std::int64_t now, std::size_t count) {
  const auto until = within(series, {0, now});
  return until.last(std::min(count, until.size()));
}

double steps_between(const Point& first, const Point& last) { return static_cast<double>(last.step - first.step); }

// Where the growing mode carries the step, as the lines have it; nothing where they do not say so, or too far away.
std::optional<Crossing> carried_at(const Line& rho, const Line& edges, double now, const InstabilityOptions& options) {
  if (!(rho.slope > 0.0) || !(rho.rise() >= options.rising)) return std::nullopt;
  const auto mode = reaches_edge(edges, now, options);
  if (!mode) return std::nullopt;
  const Crossing step = crossing(rho, options.carried, now, options.student);
  return mode->step > step.step ? *mode : step;
}

std::optional<InstabilityForecast> forecast(const Readings& readings, std::int64_t now,
                                            const InstabilityOptions& options) {
  const auto overshoots = last_until(readings.overshoots, now, options.readings);
  const auto edges = last_until(readings.edges, now, options.readings);
  if (std::min(overshoots.size(), edges.size()) < options.enough) return std::nullopt;
  const auto made_at = static_cast<double>(now);
  const double span = steps_between(overshoots.front(), overshoots.back());
  const auto recent = now - static_cast<std::int64_t>(options.loss_share * span);
  const auto rho = line_through(overshoots), ratio = line_through(edges);
  const auto loss = line_through(within(readings.losses, {recent, now}));
  if (!rho || !ratio || !loss || !(loss->rise() >= options.loss_rising)) return std::nullopt;

  const auto at = carried_at(*rho, *ratio, made_at, options);
  if (!at || at->step - made_at > span || !(at->margin <= 2.0 * span) || at->step > readings.planned)
    return std::nullopt;
  const double edge_ratio = std::exp(ratio->at(made_at));
  return InstabilityForecast{.made_at = now,
                             .step = at->step + options.lag * span,
                             .margin = std::hypot(at->margin, options.lag * span),
                             .overshoot = rho->at(made_at),
                             .overshoot_slope = rho->slope,
                             .edge_ratio = edge_ratio,
                             .growth = mode_growth(edge_ratio, options.momentum)};
}

double infinite_if_not_finite(double loss) { return std::isfinite(loss) ? loss : kInfinity; }

// The level above which half of what had been learnt is lost.
struct LossMemory {
  double floor = 0.0;
  double lowest = kInfinity;  // median of a block
  double noise = 0.0;         // scatter within that block

  void learn(const std::vector<double>& block) {
    const double middle = median(block);
    if (middle < lowest) lowest = middle, noise = scatter(block);
  }
  double limit() const {
    const double half = 0.5 * (floor + lowest);
    return half - lowest > 4.0 * noise ? half : floor + 0.5 * std::abs(floor);
  }
};

// Whether every block that begins at `first`, four at most, has its median at or above the limit.
bool stays_above(std::span<const double> losses, std::size_t first, double limit) {
  if (losses[first] < limit || first + kBlock > losses.size()) return false;
  for (std::size_t b = 0; b < kBlocks && first + (b + 1) * kBlock <= losses.size(); ++b) {
    const auto block = losses.subspan(first + b * kBlock, kBlock);
    if (median({block.begin(), block.end()}) < limit) return false;
  }
  return true;
}

// Alarms: forecasts of readings in a row. `reading` counts all readings, those without a forecast too.
struct Standing {
  std::size_t reading = 0;
  InstabilityForecast forecast;
};

bool comes_true(const InstabilityForecast& forecast, std::optional<std::int64_t> blow_up) {
  if (!blow_up) return false;
  const auto happened = static_cast<double>(*blow_up);
  return forecast.earliest() <= happened && happened <= forecast.latest();
}

void count_alarms(InstabilityScore& score, std::span<const Standing> standing, std::int64_t last_step) {
  for (std::size_t i = 0; i < standing.size();) {
    bool came_true = false;
    double latest = 0.0;
    const std::size_t first = i;
    for (; i < standing.size() && standing[i].reading - standing[first].reading == i - first; ++i) {
      const bool hit = comes_true(standing[i].forecast, score.blow_up);
      score.came_true += hit;
      came_true = came_true || hit;
      latest = std::max(latest, standing[i].forecast.latest());
    }
    ++score.alarms;
    if (came_true) continue;
    ++score.false_alarms;
    score.open += !score.blow_up && latest > static_cast<double>(last_step);
  }
}

}  // namespace

double mode_growth(double edge_ratio, double momentum) {
  const double half = 0.5 * (1.0 + momentum) * (1.0 - 2.0 * edge_ratio);
  const double discriminant = half * half - momentum;
  return discriminant <= 0.0 ? std::sqrt(momentum) : std::abs(half) + std::sqrt(discriminant);
}

std::optional<InstabilityForecast> forecast_instability(const History& history, std::int64_t now,
                                                        const InstabilityOptions& options) {
  return forecast(readings_of(history), now, options);
}

std::optional<InstabilityForecast> forecast_instability(const History& history, const InstabilityOptions& options) {
  return forecast_instability(history, history.last_step(), options);
}

std::string words(const InstabilityForecast& forecast) {
  return fmt::format(
      "leaves the stable region at step {:.0f} ± {:.0f} (said at step {}: overshoot {:.2f}, {:+.2f} in 100 steps; edge "
      "ratio {:.2g})",
      forecast.step, std::max(1.0, forecast.margin), forecast.made_at, forecast.overshoot,
      100.0 * forecast.overshoot_slope, forecast.edge_ratio);
}

std::optional<std::int64_t> blow_up_step(const History& history) {
  const auto series = history.series(Quantity::loss);
  if (series.empty()) return std::nullopt;
  std::vector<double> losses;
  for (const Point& p : series) losses.push_back(infinite_if_not_finite(p.value));
  const double start = first_value(history, Quantity::initial_loss);
  const double constant = first_value(history, Quantity::constant_loss);
  LossMemory memory{.floor = std::isfinite(start) ? start : losses.front()};
  if (std::isfinite(constant)) memory.floor = std::min(memory.floor, constant);

  const auto finite = std::find_if(losses.rbegin(), losses.rend(), [](double loss) { return std::isfinite(loss); });
  const auto broken = static_cast<std::size_t>(losses.rend() - finite);  // from here on no loss is finite
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (i >= broken) return series[i].step;
    if (i >= kBlock)
      memory.learn(
          {losses.begin() + static_cast<std::ptrdiff_t>(i - kBlock), losses.begin() + static_cast<std::ptrdiff_t>(i)});
    if (stays_above(losses, i, memory.limit())) return series[i].step;
  }
  return std::nullopt;
}

InstabilityScore score_instability(const History& history, const InstabilityOptions& options) {
  const Readings readings = readings_of(history);
  InstabilityScore score{.blow_up = blow_up_step(history)};
  std::vector<Standing> standing;
  for (std::size_t i = 0; i < readings.edges.size(); ++i) {
    const std::int64_t now = readings.edges[i].step;
    if (score.blow_up && now >= *score.blow_up) break;
    if (const auto said = forecast(readings, now, options)) standing.push_back({i, *said});
  }
  count_alarms(score, standing, history.last_step());
  for (const Standing& s : standing) score.forecasts.push_back(s.forecast);
  if (standing.empty() || !score.blow_up) return score;
  const auto happened = static_cast<double>(*score.blow_up);
  score.lead = happened - static_cast<double>(score.forecasts.front().made_at);
  score.first_error = score.forecasts.front().step - happened;
  score.last_error = score.forecasts.back().step - happened;
  return score;
}

}  // namespace thalweg
