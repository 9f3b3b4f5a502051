#include <algorithm>
#include <functional>

#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Schedule> of(const std::vector<ScheduleKind>& kinds) { return owners<Schedule>("kind", &Schedule::kind, kinds); }

Type<double> steps_or_share() {
  Type<double> type = number({.low = 0, .high = static_cast<double>(kLargestCount)});
  type.allowed = "whole number of steps, or a fraction of the run below 1";
  type.read = [base = type.read](const Node& node, double& value) -> std::optional<Complaint> {
    double read = 0.0;
    if (auto complaint = base(node, read)) return complaint;
    if (read > 1.0 && read != std::floor(read)) return Complaint{"is neither a number of steps nor a fraction"};
    value = read;
    return std::nullopt;
  };
  return type;
}

void finish(Schedule& schedule, const Node& node, const Place& place, bool clean) {
  if (!clean) return;
  const Node* milestones = node.find("milestones");
  if (std::ranges::adjacent_find(schedule.milestones, std::greater_equal<>()) != schedule.milestones.end()) {
    (place / "milestones").wrong(*milestones, {"does not rise", "steps, each after the one before"});
  }
  if (schedule.kind == ScheduleKind::multistep && schedule.milestones.empty()) {
    if (milestones)
      (place / "milestones").wrong(*milestones, {"is empty", "one step or more"});
    else
      place.problems->add_missing(node, (place / "milestones").path, "list of steps");
  }
}

Section<Schedule> make() {
  using enum ScheduleKind;
  Section<Schedule> s;
  s.key("kind", &Schedule::kind, choice<ScheduleKind>(), "The rate's course over the optimizer's steps.");
  s.key("warmup", &Schedule::warmup, steps_or_share(),
        "Linear from lr/warmup: steps, or below 1 a fraction of the planned run.");
  s.key("final", &Schedule::final, at_least(0), "Share of lr at the end.")
      .used_by(of({linear, cosine, cosine_restarts, one_cycle, warmup_stable_decay, polynomial}));
  s.key("every", &Schedule::every, count_from(1), "Steps from one drop to the next.").used_by(of({step}));
  s.key("factor", &Schedule::factor, above(0), "What a drop multiplies the rate by.")
      .used_by(of({step, multistep, plateau}));
  s.key("milestones", &Schedule::milestones, list_of(count_from(1)), "The steps of the drops.")
      .used_by(of({multistep}));
  s.key("rate", &Schedule::rate, at_least(0), "lr exp(-rate t) or lr / (1 + rate t) at step t.")
      .used_by(of({exponential, inverse_time}));
  s.key("period", &Schedule::period, count_from(1), "Steps to the first restart.").used_by(of({cosine_restarts}));
  s.key("growth", &Schedule::growth, at_least(1), "Each period over the one before.").used_by(of({cosine_restarts}));
  s.key("decay", &Schedule::decay, within(0, 1), "Share of the run, at its end, in which the rate falls.")
      .used_by(of({warmup_stable_decay}));
  s.key("power", &Schedule::power, above(0), "Exponent of the fall.").used_by(of({polynomial}));
  s.key("patience", &Schedule::patience, count_from(0), "Evaluations without improvement before a drop.")
      .used_by(of({plateau}));
  s.key("threshold", &Schedule::threshold, at_least(0), "Relative improvement that counts.").used_by(of({plateau}));
  s.key("peak", &Schedule::peak, within(0, 1), "Share of the run at which the rate is highest.")
      .used_by(of({one_cycle}));
  s.finish(finish);
  return s;
}

}  // namespace

const Section<Schedule>& schedule_section() {
  static const Section<Schedule> section = make();
  return section;
}

}  // namespace thalweg::recipe
