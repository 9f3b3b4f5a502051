#include "thalweg/train/stop.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "thalweg/recipe/names.h"

namespace thalweg {

StopRules::StopRules(const recipe::Stop& options, bool larger_is_better, std::int64_t steps_per_epoch)
    : options_(options), larger_is_better_(larger_is_better), planned_(options.steps), planned_by_("steps") {
  const std::int64_t by_epochs = options.epochs * steps_per_epoch;
  if (by_epochs > 0 && (planned_ == 0 || by_epochs < planned_)) {
    planned_ = by_epochs;
    planned_by_ = "epochs";
  }
}

void StopRules::load(State state) {
  state_ = std::move(state);
  state_.met.clear();  // a resumed run goes on; what stopped it before may have been changed
}

double StopRules::generalization_loss() const {
  const double best = *std::min_element(state_.heldout.begin(), state_.heldout.end());
  return 100.0 * (state_.heldout.back() / best - 1.0);
}

bool StopRules::rule_met(std::optional<double> evidence) const {
  const auto now = static_cast<std::int64_t>(state_.heldout.size());
  switch (options_.rule) {
    case recipe::StopRule::none:
      return false;
    case recipe::StopRule::generalization_loss:
      return generalization_loss() > options_.alpha;
    case recipe::StopRule::progress_quotient: {
      if (now % options_.strip != 0) return false;
      const auto first = state_.training.end() - options_.strip;
      const double mean = std::accumulate(first, state_.training.end(), 0.0) / static_cast<double>(options_.strip);
      const double progress = 1000.0 * (mean / *std::min_element(first, state_.training.end()) - 1.0);
      return generalization_loss() > options_.alpha * progress;
    }
    case recipe::StopRule::up_strips: {
      if (now % options_.strip != 0 || now < (options_.strips + 1) * options_.strip) return false;
      for (std::int64_t s = 0; s < options_.strips; ++s) {
        const auto end = static_cast<std::size_t>(now - 1 - s * options_.strip);
        if (!(state_.heldout[end] > state_.heldout[end - static_cast<std::size_t>(options_.strip)])) return false;
      }
      return true;
    }
    case recipe::StopRule::evidence:
      return evidence && *evidence > 0.0;
  }
  return false;
}

bool StopRules::evaluated(const Evaluation& evaluation, double metric, std::optional<double> evidence) {
  state_.heldout.push_back(evaluation.heldout_loss.value);
  state_.training.push_back(evaluation.train_loss);
  const bool first = state_.best_step < 0 && std::isfinite(metric);
  const bool best = first || (state_.best_step >= 0 &&
                              (larger_is_better_ ? metric > state_.best_metric : metric < state_.best_metric));
  if (best) {
    state_.best_metric = metric;
    state_.best_step = evaluation.step;
    state_.bad = 0;
  } else {
    ++state_.bad;
  }
  const double target = options_.metric_target;
  if (target != 0.0 && (larger_is_better_ ? metric >= target : metric <= target)) {
    state_.met = "metric_target";
  } else if (options_.patience > 0 && state_.bad >= options_.patience) {
    state_.met = "patience";
  } else if (rule_met(evidence)) {
    state_.met = recipe::name(options_.rule);
  }
  return best;
}

std::string StopRules::met(std::int64_t step, double seconds) const {
  if (!state_.met.empty()) return state_.met;
  if (planned_ > 0 && step >= planned_) return planned_by_;
  if (options_.seconds > 0.0 && seconds >= options_.seconds) return "seconds";
  return "";
}

}  // namespace thalweg
