#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Loss> of(const std::vector<LossKind>& kinds) { return owners<Loss>("kind", &Loss::kind, kinds); }

Section<Loss> make_loss() {
  using enum LossKind;
  Section<Loss> s;
  s.key("kind", &Loss::kind, choice<LossKind>(),
        "cross_entropy and bce_logits take logits, nll_probabilities and bce probabilities.");
  s.key("normalize", &Loss::normalize, yes_no(), "Divides probabilities by their sum first.")
      .used_by(of({nll_probabilities}));
  s.key("clip", &Loss::clip, share_below(0.5), "Cuts probabilities to [clip, 1 - clip]; 0: log 0 is -inf.")
      .used_by(of({nll_probabilities, bce}));
  s.key("reduction", &Loss::reduction, choice<Reduction>(), "Over everything in the batch; reports are per row.");
  s.key("label_smoothing", &Loss::label_smoothing, share_below(1), "Share of the target spread over all classes.")
      .used_by(of({cross_entropy, nll_probabilities}));
  s.key("l2", &Loss::l2, at_least(0), "Penalty ½·l2·|w|² over weights with two or more axes.");
  s.key("delta", &Loss::delta, above(0), "Error at which the square turns into a line.").used_by(of({huber}));
  return s;
}

Section<Metric> make_metric() {
  Section<Metric> s;
  Field<Metric>& one = s.key("kind", &Metric::kinds, list_of(choice<MetricKind>(), 1),
                             "What the user is after, reported and used to compare.");
  one.type = choice<MetricKind>().allowed;
  one.otherwise(
      "accuracy for cross_entropy and nll_probabilities, binary_accuracy for bce and bce_logits, rmse for mse and "
      "huber, mae for mae");
  one.write = [](const Metric& metric, const Metric&) -> std::string {
    return metric.kinds.size() == 1 ? quoted(name(metric.kinds[0])) : "";
  };
  Field<Metric>& several =
      s.key("kinds", &Metric::kinds, list_of(choice<MetricKind>(), 1), "Several; the first one decides.");
  several.otherwise("[kind]");
  several.write = [write = several.write](const Metric& metric, const Metric& base) {
    return metric.kinds.size() == 1 ? "" : write(metric, base);
  };
  s.finish([](Metric&, const Node& node, const Place& place, bool) {
    const Node* kinds = node.find("kinds");
    if (kinds && node.has("kind")) (place / "kinds").wrong(*kinds, {"stands beside kind", "kind or kinds, not both"});
  });
  return s;
}

}  // namespace

const Section<Loss>& loss_section() {
  static const Section<Loss> section = make_loss();
  return section;
}

const Section<Metric>& metric_section() {
  static const Section<Metric> section = make_metric();
  return section;
}

}  // namespace thalweg::recipe
