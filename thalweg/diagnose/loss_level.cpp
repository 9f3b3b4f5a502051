#include "thalweg/diagnose/loss_level.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::ptrdiff_t kBlocksAfterDeath = 4;

// Before the first step the levels mean what they say. A history that begins in the middle of a run has only its own
// first losses, and noise must not look like a throw: its level is taken high.
LossLevel references(const History& history, std::span<const Point> losses) {
  LossLevel level;
  const bool whole = losses.front().step == 0;
  const auto first = values(losses.first(std::min<std::size_t>(losses.size(), 32)));
  level.start = first_value(history, Quantity::initial_loss);
  level.constant = first_value(history, Quantity::constant_loss);
  if (!std::isfinite(level.start)) level.start = whole ? first.front() : median(first) + 6.0 * scatter(first);
  const bool known = std::isfinite(level.constant) && level.constant > 0.0;
  level.ceiling = known ? std::max(level.start, level.constant) : level.start;
  level.floor = known ? std::min(level.start, level.constant) : level.start;
  return level;
}

// NaN counts as the largest.
double middle_of_three(std::span<const Point> losses, std::size_t i) {
  const auto value = [&](std::size_t j) {
    const double loss = losses[i + j].value;
    return std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss;
  };
  const double a = value(0), b = value(1), c = value(2);
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

double highest_of_three(std::span<const Point> losses) {
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + 3 <= losses.size(); ++i) highest = std::max(highest, middle_of_three(losses, i));
  return highest;
}

// The first step at which three losses in a row are thrown up.
std::optional<std::int64_t> first_throw(std::span<const Point> losses, double limit) {
  for (std::size_t i = 0; i + 3 <= losses.size(); ++i) {
    if (!(middle_of_three(losses, i) < limit)) return losses[i].step;
  }
  return std::nullopt;
}

struct Block {
  std::int64_t first = 0;
  double median = 0.0;
  double scatter = 0.0;
  double highest = 0.0;  // median of three
};

std::vector<Block> blocks_of(std::span<const Point> losses, int size) {
  std::vector<Block> blocks;
  const auto n = static_cast<std::size_t>(size);
  for (std::size_t i = 0; i + n <= losses.size(); i += n) {
    const auto part = losses.subspan(i, n);
    blocks.push_back({part.front().step, median(values(part)), scatter(values(part)), highest_of_three(part)});
  }
  return blocks;
}

// The first block in which all is lost that blocks in a row before it had learnt. One low block may be noise.
std::optional<std::int64_t> first_loss_of_learning(const std::vector<Block>& blocks, const LossLevel& level,
                                                   const LossLevelOptions& options) {
  int in_a_row = 0;
  bool learnt = false;
  for (const Block& block : blocks) {
    if (learnt && !(block.median < options.stuck * level.floor)) return block.first;
    in_a_row = block.median <= options.learnt * level.floor ? in_a_row + 1 : 0;
    learnt = learnt || in_a_row >= options.learnt_blocks;
  }
  return std::nullopt;
}

bool has_diverged(std::span<const Point> losses, const LossLevel& level, const LossLevelOptions& options) {
  if (!(level.ceiling > 0.0)) return false;
  const auto last = losses.last(std::min<std::size_t>(3, losses.size()));
  const double latest = median(values(last));
  if (std::isfinite(latest) && std::isfinite(last.back().value))
    return losses.size() >= 3 && latest > options.diverged * level.ceiling;
  const auto finite = finite_values(losses.last(std::min<std::size_t>(50, losses.size())));
  return !finite.empty() && std::ranges::max(finite) > options.grown * level.ceiling;
}

// Above this a loss is thrown up: `thrown` ceilings, and beyond the noise of the quieter blocks.
double throw_limit(const std::vector<Block>& blocks, const LossLevel& level, const LossLevelOptions& options) {
  std::vector<double> noises;
  for (const Block& block : blocks) noises.push_back(block.scatter);
  const double noise = noises.empty() ? 0.0 : quantile(std::move(noises), 0.25);
  return std::max(options.thrown * level.ceiling, level.ceiling + options.noise * noise);
}

// One such loss, after which nothing was ever learnt: units can die in a single step.
std::optional<std::int64_t> deadly_spike(std::span<const Point> losses, const std::vector<Block>& blocks,
                                         const LossLevel& level, const LossLevelOptions& options) {
  const double limit = throw_limit(blocks, level, options);
  const auto spike = std::ranges::find_if(losses, [&](const Point& p) { return !(p.value < limit); });
  if (spike == losses.end()) return std::nullopt;
  const auto since = std::ranges::lower_bound(blocks, spike->step, {}, &Block::first);
  const bool stuck = std::ranges::all_of(
      since, blocks.end(), [&](const Block& block) { return !(block.median < options.stuck * level.floor); });
  return stuck && blocks.end() - since >= kBlocksAfterDeath ? std::optional(spike->step) : std::nullopt;
}

std::optional<std::int64_t> earlier(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  return !b || (a && *a < *b) ? a : b;
}

double last_median(std::span<const Point> losses, std::size_t count) {
  return median(values(losses.last(std::min(count, losses.size()))));
}

// In block after block since `level.up`, the loss stays at the floor or is thrown again.
void gather_evidence(LossLevel& level, const std::vector<Block>& blocks, const LossLevelOptions& options) {
  const double limit = throw_limit(blocks, level, options);
  SignEvidence evidence({});
  for (const Block& block : blocks) {
    if (block.first < *level.up) continue;
    evidence.add(!(block.median < options.stuck * level.floor) || !(block.highest < limit));
  }
  level.evidence = evidence.peak();
  level.stayed_up = level.evidence >= 1.0 / options.alpha;
}

}  // namespace

std::optional<LossLevel> loss_level(const History& history, const LossLevelOptions& options) {
  const auto losses = history.series(Quantity::loss);
  if (losses.empty()) return std::nullopt;
  LossLevel level = references(history, losses);
  level.recent = last_median(losses, std::max<std::size_t>(losses.size() / 4, 16));
  level.recent_few = last_median(losses, 8);
  level.highest = highest_of_three(losses);
  level.diverged = has_diverged(losses, level, options);
  if (!(level.floor > 0.0))
    return level;  // a loss without a floor, or not finite from the first: its level means nothing
  const auto blocks = blocks_of(losses, options.block);
  level.up =
      earlier(first_throw(losses, throw_limit(blocks, level, options)),
              earlier(first_loss_of_learning(blocks, level, options), deadly_spike(losses, blocks, level, options)));
  if (!level.up) return level;
  level.steps_up = losses.back().step - *level.up;
  level.at_up = highest_of_three(within(losses, {*level.up, *level.up + options.block - 1}));
  gather_evidence(level, blocks, options);
  return level;
}

}  // namespace thalweg
