// The verdict of a connection, in plain words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "thalweg/survey/connection.h"

namespace thalweg {
namespace {

using Path = Connection::Path;

const Interval& barrier_of(const Path& path) { return path.parts.front().barrier; }

std::string words(const Connection& c, const Interval& barrier) {
  const std::string band =
      std::isfinite(barrier.low) ? fmt::format(" [{:.3g}, {:.3g}]", barrier.low, barrier.high) : std::string();
  return fmt::format("{:.3g}{}, {:.1f}% of what was learnt", barrier.value, band, 100.0 * barrier.value / c.learnt);
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
    const bool lower = best == nullptr || barrier_of(path).value < barrier_of(*best).value;
    if (path.repaired && lower) best = &path;
  }
  if (naive == nullptr || best == nullptr) return;
  const Interval &before = barrier_of(*naive), &after = barrier_of(*best);
  if (surely_above(before, limit) && after.value < 0.5 * before.value) {
    c.reasons.push_back(fmt::format(
        "the aligned path fails until the running statistics of its batch norms are repaired: {} with statistics "
        "between those of the two networks, {} with statistics taken anew from the data",
        words(c, before), words(c, after)));
  }
}

void judge_paths(Connection& c, double limit) {
  const auto lowest = std::ranges::min_element(
      c.paths, [](const Path& a, const Path& b) { return barrier_of(a).value < barrier_of(b).value; });
  const Interval& barrier = barrier_of(*lowest);
  const std::string least = fmt::format("the lowest barrier is {}, {}", words(c, barrier), lowest->name);
  if (surely_below(barrier, limit)) {
    c.verdict = ConnectionVerdict::same;
    c.reasons.push_back(least);
    if (barrier_of(c.paths.front()).value > limit) {
      c.reasons.push_back(fmt::format("as they are, the two are {} apart: it is the order of the units that differs",
                                      words(c, barrier_of(c.paths.front()))));
    }
    return;
  }
  if (std::ranges::all_of(c.paths, [&](const Path& p) { return surely_above(barrier_of(p), limit); })) {
    c.verdict = ConnectionVerdict::apart;
    c.reasons.push_back(least + ": a barrier is left on every straight way that was tried");
    c.reasons.emplace_back("that no better alignment exists is not shown: alignments are found step by step");
    return;
  }
  c.reasons.push_back(least + fmt::format("; the limit is {:.3g}", limit));
  c.would_take = std::isfinite(barrier.low) ? "more rows (--rows): the interval reaches over the limit"
                                            : "the losses of several batches instead of one";
}

}  // namespace

void judge(Connection& c, const ConnectionRule& rule) {
  c.verdict = ConnectionVerdict::cannot_tell;
  if (c.paths.empty() || !can_be_judged(c)) return;
  const double limit = rule.share * c.learnt;
  judge_paths(c, limit);
  tell_statistics(c, limit);
  const bool one = std::ranges::any_of(c.alignments, [](const auto& a) { return a.similarity > 1.0 - 1e-9; });
  if (one) c.reasons.emplace_back("rearranged, the two are the same network, weight by weight");
}

}  // namespace thalweg
