#include "thalweg/diagnose/local_minimum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::string_view kSource = "Goodfellow, Bengio, Courville 2016, section 8.2.2";

double upper_end(const std::optional<Point>& gain) {
  return gain ? gain->value + static_cast<double>(gain->error) : 0.0;  // not tried: no curvature is negative
}

// The lowest median of a block before the window.
double lowest_before(const History& history, const Standing& standing) {
  const auto losses = within(history.series(Quantity::loss), {0, standing.first - 1});
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + kBlock <= losses.size(); i += kBlock) {
    lowest = std::min(lowest, median(values(losses.subspan(i, kBlock))));
  }
  return lowest;
}

Finding finding_of(const Look& look, double limit, double earlier, const LocalMinimumOptions& options) {
  const bool had = std::isfinite(earlier);
  Finding finding{.code = "local_minimum", .severity = had ? Severity::fault : Severity::warning};
  finding.first_step = look.standing.first;
  finding.last_step = look.standing.last;
  finding.message = fmt::format(
      "{} The rows pull at the weights and cancel, and neither down the gradient nor along the most negative curvature "
      "is "
      "more than {:.1g} to be gained: a minimum, as far as these tell. {} Another seed, a wider network, or more noise "
      "in the steps (a smaller batch.size, a higher optimizer.lr) leads past a bad one.",
      standing_words(look.standing), options.gain * look.standing.floor,
      had ? fmt::format("This network has had {:.3g} before: it can do better.", earlier)
          : "Whether the network can do better, one point does not tell: where another seed stands at the same loss, "
            "it "
            "is too small for the task.");
  finding.evidence = {{Quantity::loss, "", look.standing.level, limit,
                       had ? fmt::format("its own earlier loss; {}", kStandingRuns)
                           : fmt::format("between the floor and neighbour_loss (Cover, Hart 1967); {}", kStandingRuns)},
                      {Quantity::descent_gain, "", upper_end(look.descent_gain), options.gain * look.standing.floor,
                       fmt::format("upper end of its interval; {}; {}", kSource, kStandingRuns)},
                      {Quantity::escape_gain, "", upper_end(look.escape_gain), options.gain * look.standing.floor,
                       fmt::format("upper end of its interval; {}; {}", kSource, kStandingRuns)},
                      {Quantity::lambda_min, "", look.lambda_min->value, 0.0, std::string(kSource)}};
  finding.remedies = {{.lever = "seed", .value = "1", .trial = {}}};
  return finding;
}

}  // namespace

Judgement judge_local_minimum(const History& history, const LocalMinimumOptions& options) {
  const LookOrNot seen = look_of(history, options.standing);
  if (!seen.look) return seen.otherwise;
  const Look& look = *seen.look;
  const Standing& at = look.standing;
  const auto healthy = [](std::string reason) {
    return Judgement{.verdict = Verdict::healthy, .findings = {}, .reason = std::move(reason)};
  };
  if (look.live_weights < options.live) return healthy("the data do not pull at the weights: no minimum");
  const double gain = std::max(upper_end(look.escape_gain), upper_end(look.descent_gain));
  if (!(gain < options.gain * at.floor)) {
    return healthy(
        fmt::format("the run stands still, but not at a minimum: up to {:.2g} is to be gained from there", gain));
  }
  const auto level = loss_level(history, options.standing.level);
  const double earlier = lowest_before(history, at);
  if (level && !level->up && earlier <= at.level - options.earlier * at.floor) {
    return {.verdict = Verdict::fault, .findings = {finding_of(look, earlier, earlier, options)}, .reason = {}};
  }
  if (!at.reachable) {
    return {.verdict = Verdict::cannot_tell,
            .findings = {},
            .reason = fmt::format("the loss stands at a minimum of {:.3g}, and what is reachable is not known: another "
                                  "seed or a wider network tells",
                                  at.level)};
  }
  const double middle = *at.reachable + options.middle * (at.floor - *at.reachable);
  if (*at.reachable > (1.0 - options.told) * at.floor || at.level < middle) {
    return healthy(fmt::format("the run stands at a minimum of {:.3g}, where nearest neighbours reach {:.3g}", at.level,
                               *at.reachable));
  }
  Finding finding = finding_of(look, middle, std::numeric_limits<double>::infinity(), options);
  return {.verdict = Verdict::healthy, .findings = {finding}, .reason = finding.message};
}

}  // namespace thalweg
