// The verdict of a connection, in plain words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "thalweg/survey/connection.h"

namespace thalweg {
namespace {

using Path = Connection::Path;

// Judged in points of the metric where it is a share of right rows, else in shares of what was learnt.
Interval barrier_of(const Connection& c, const Path& path) {
  const Connection::Part& part = path.parts.front();
  if (c.metric_is_share) return part.metric_barrier;
  return {part.barrier.value / c.learnt, part.barrier.low / c.learnt, part.barrier.high / c.learnt};
}

std::string words(const Connection& c, const Path& path) {
  const Interval judged = barrier_of(c, path);
  const Interval& loss = path.parts.front().barrier;
  const std::string band = std::isfinite(judged.low)
                               ? fmt::format(" [{:.1f}, {:.1f}]", 100.0 * judged.low, 100.0 * judged.high)
                               : std::string();
  return c.metric_is_share
             ? fmt::format("{:.1f}{} points of {} (the loss rises by {:.3g})", 100.0 * judged.value, band, c.metric,
                           loss.value)
             : fmt::format("{:.3g}, {:.1f}%{} of what was learnt", loss.value, 100.0 * judged.value, band);
}

// One value has no interval: then the value itself has to be clear by a factor of two.
bool surely_below(const Interval& barrier, double limit) {
  return std::isfinite(barrier.high) ? barrier.high <= limit : barrier.value <= 0.5 * limit;
}
bool surely_above(const Interval& barrier, double limit) {
  return std::isfinite(barrier.low) ? barrier.low > limit : barrier.value > 2.0 * limit;
}

const Path* named(const Connection& c, const std::string& method, bool repaired) {
  for (const Path& path : c.paths) {
    if (path.method == method && path.repaired == repaired) return &path;
  }
  return nullptr;
}

// Whether there is anything to be connected; the reason why not otherwise.
bool can_be_judged(Connection& c) {
  for (const Path& path : c.paths) {
    const auto& loss = path.parts.front().loss;
    if (std::isfinite(loss.front()) && std::isfinite(loss.back())) continue;
    c.reasons.push_back(fmt::format("{}: the loss at an end is not finite", path.name));
    c.would_take = "networks whose loss is finite";
    return false;
  }
  if (c.learnt > 0.0) return true;
  c.reasons.push_back(
      std::isfinite(c.learnt)
          ? fmt::format("the networks are no better than the best constant prediction, whose loss is {:.3g}",
                        c.constant_loss)
          : std::string(
                "the loss of the best constant prediction, beside which a barrier is large or small, is not known"));
  c.would_take =
      std::isfinite(c.learnt) ? "networks that have learnt something" : "a loss with a known constant prediction";
  return false;
}

void tell_statistics(Connection& c, double limit) {
  const Path* naive = named(c, c.chosen, false);
  const Path* best = nullptr;
  for (const Path& path : c.paths) {
    const bool lower = best == nullptr || barrier_of(c, path).value < barrier_of(c, *best).value;
    if (path.repaired && lower) best = &path;
  }
  if (naive == nullptr || best == nullptr) return;
  const Interval before = barrier_of(c, *naive), after = barrier_of(c, *best);
  if (!(after.value < before.value)) return;
  const bool cause = surely_above(before, limit) && surely_below(after, limit);
  c.reasons.push_back(fmt::format(
      "{}: {} with statistics between those of the two networks, {} with statistics taken anew from the data{}",
      cause ? "the aligned path fails until the running statistics of its batch norms are repaired"
            : "repairing the running statistics of the batch norms lowers the barrier",
      words(c, *naive), words(c, *best),
      cause || surely_below(after, limit) ? "" : "; what is left lies in the weights, or in how they were aligned"));
}

void judge_paths(Connection& c, double limit) {
  const auto lowest = std::ranges::min_element(
      c.paths, [&](const Path& a, const Path& b) { return barrier_of(c, a).value < barrier_of(c, b).value; });
  const Interval barrier = barrier_of(c, *lowest);
  const std::string least = fmt::format("{} the barrier is lowest: {}", lowest->name, words(c, *lowest));
  if (surely_below(barrier, limit)) {
    c.verdict = ConnectionVerdict::same;
    c.reasons.push_back(least);
    if (barrier_of(c, c.paths.front()).value > limit) {
      c.reasons.push_back(
          fmt::format("as they are, it is {}: it is the order of the units that differs", words(c, c.paths.front())));
    }
    return;
  }
  if (std::ranges::all_of(c.paths, [&](const Path& p) { return surely_above(barrier_of(c, p), limit); })) {
    c.verdict = ConnectionVerdict::apart;
    c.reasons.push_back(least + ": a barrier is left on every straight way that was tried");
    c.reasons.emplace_back("that no better alignment exists is not shown: alignments are found step by step");
    return;
  }
  c.reasons.push_back(least +
                      fmt::format("; the limit is {:.1f}{}", 100.0 * limit, c.metric_is_share ? " points" : "%"));
  c.would_take = std::isfinite(barrier.low) ? "more rows (--rows): the interval reaches over the limit"
                                            : "the losses of several batches instead of one";
}

}  // namespace

void judge(Connection& c, const ConnectionRule& rule) {
  c.verdict = ConnectionVerdict::cannot_tell;
  if (c.paths.empty() || !can_be_judged(c)) return;
  judge_paths(c, rule.limit);
  tell_statistics(c, rule.limit);
  const bool one = std::ranges::any_of(c.alignments, [](const auto& a) { return a.similarity > 1.0 - 1e-9; });
  if (one) c.reasons.emplace_back("rearranged, the two are the same network, weight by weight");
}

}  // namespace thalweg
