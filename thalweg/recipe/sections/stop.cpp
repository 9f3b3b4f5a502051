#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Stop> of(const std::vector<StopRule>& rules) { return owners<Stop>("rule", &Stop::rule, rules); }

// "epoch", kept as 0, or a number of steps.
Type<std::int64_t> steps_or_epoch() {
  const Type<std::int64_t> steps = count_from(1);
  const auto read = [steps](const Node& node, std::int64_t& value) -> std::optional<Complaint> {
    const std::string* word = node.text();
    if (!word) return steps.read(node, value);
    if (*word != "epoch") return wrong_word(*word, {"epoch"});
    value = 0;
    return std::nullopt;
  };
  return {"\"epoch\" | " + steps.allowed, read,
          [](const std::int64_t& value) { return value == 0 ? quoted("epoch") : print(value); }};
}

void finish(Stop& stop, const Node& node, const Place& place, bool clean) {
  const bool limited = stop.epochs > 0 || stop.steps > 0 || stop.seconds > 0;
  const bool judged = stop.metric_target != 0 || stop.patience > 0 || stop.rule != StopRule::none;
  const Node* epochs = node.find("epochs");
  if (clean && epochs && !limited && !judged)
    (place / "epochs")
        .wrong(*epochs, {"leaves nothing that stops the run",
                         "whole number >= 1, or steps, seconds, metric_target, patience or rule"});
}

Section<Stop> make() {
  using enum StopRule;
  Section<Stop> s;
  s.key("steps", &Stop::steps, count_from(0), "Optimizer steps.");
  s.key("seconds", &Stop::seconds, at_least(0), "Wall-clock time.");
  s.key("epochs", &Stop::epochs, count_from(0), "Passes over the training part.")
      .otherwise("10; 0 where steps or seconds are given",
                 [](Stop& stop) { stop.epochs = stop.steps > 0 || stop.seconds > 0 ? 0 : stop.epochs; });
  s.key("evaluate_every", &Stop::evaluate_every, steps_or_epoch(), "How often the held-out part is measured.");
  s.key("metric_target", &Stop::metric_target, any_number(), "The held-out metric that is enough.");
  s.key("patience", &Stop::patience, count_from(0), "Evaluations without improvement of the held-out metric.");
  s.key("rule", &Stop::rule, choice<StopRule>(), "Rules of Prechelt 1998, and the evidence of Mahsereci 2017.");
  s.key("alpha", &Stop::alpha, above(0), "The rule's threshold.").used_by(of({generalization_loss, progress_quotient}));
  s.key("strip", &Stop::strip, count_from(1), "Evaluations in a strip.")
      .used_by(of({generalization_loss, progress_quotient, up_strips}));
  s.key("strips", &Stop::strips, count_from(1), "Strips in a row that must rise.").used_by(of({up_strips}));
  s.key("restore_best", &Stop::restore_best, yes_no(), "Whether the run ends with the weights of its best evaluation.");
  s.finish(finish);
  return s;
}

}  // namespace

const Section<Stop>& stop_section() {
  static const Section<Stop> section = make();
  return section;
}

}  // namespace thalweg::recipe
