#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

MetricKind usual_metric(LossKind loss) {
  switch (loss) {
    case LossKind::cross_entropy:
    case LossKind::nll_probabilities:
      return MetricKind::accuracy;
    case LossKind::bce:
    case LossKind::bce_logits:
      return MetricKind::binary_accuracy;
    case LossKind::mse:
    case LossKind::huber:
      return MetricKind::rmse;
    case LossKind::mae:
      return MetricKind::mae;
  }
  return MetricKind::loss;
}

// A run's folder is named after it.
Type<std::string> folder_name() {
  Type<std::string> type = text("text without '/'");
  type.read = [base = type.read](const Node& node, std::string& value) -> std::optional<Complaint> {
    std::string word;
    if (auto complaint = base(node, word)) return complaint;
    if (word.find('/') != std::string::npos || word == "." || word == "..") return Complaint{"cannot name a folder"};
    if (word.size() > 200) return Complaint{"is longer than 200 bytes"};
    value = word;
    return std::nullopt;
  };
  return type;
}

Section<Recipe> make() {
  Section<Recipe> s;
  s.key("name", &Recipe::name, folder_name(), "The run's name, and its folder's.").otherwise("the file's name");
  s.key("seed", &Recipe::seed, seed_number(), "Decides initial weights, splits, shuffling and dropout.");
  s.key("threads", &Recipe::threads, small_whole(0, 4096), "Threads of the training process; 0: all cores.");
  s.table("data", &Recipe::data, data_section, "What is learned from.").must();
  s.table("batch", &Recipe::batch, batch_section, "How rows are drawn.");
  s.table("model", &Recipe::model, model_section, "The network.").must();
  s.table("loss", &Recipe::loss, loss_section, "The surrogate that is minimised.");
  s.table("metric", &Recipe::metric, metric_section, "What the user is after.");
  s.table("optimizer", &Recipe::optimizer, optimizer_section, "How a step is made of a gradient.");
  s.table("schedule", &Recipe::schedule, schedule_section, "The learning rate over the run.");
  s.table("stop", &Recipe::stop, stop_section, "When the run ends: at the first that is met. 0: not used.");
  s.table("watch", &Recipe::watch, watch_section, "What is measured on the way.");
  s.table("act", &Recipe::act, act_section, "What may be changed on the way.");
  s.table("doctor", &Recipe::doctor, doctor_section, "What a repair may cost and touch.");
  s.table("checkpoint", &Recipe::checkpoint, checkpoint_section, "How often the run is saved.");
  s.finish([](Recipe& recipe, const Node& node, const Place&, bool) {
    const Node* metric = node.find("metric");
    const bool given = metric && (metric->has("kind") || metric->has("kinds"));
    if (!given) recipe.metric.kinds = {usual_metric(recipe.loss.kind)};
  });
  return s;
}

}  // namespace

const Section<Recipe>& recipe_section() {
  static const Section<Recipe> section = make();
  return section;
}

}  // namespace thalweg::recipe
