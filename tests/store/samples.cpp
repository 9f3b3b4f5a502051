#include "tests/store/samples.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>

namespace samples {

using namespace thalweg;

Folder::Folder() {
  // In memory where that is possible: a store's opening and closing wait for the disk.
  const bool shm = access("/dev/shm", W_OK) == 0;
  const std::filesystem::path parent = shm ? "/dev/shm" : std::filesystem::temp_directory_path();
  std::string pattern = (parent / "thalweg_store_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for a test");
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RunHeader header() {
  return {.name = "fashion-mlp",
          .recipe = "name = \"fashion-mlp\"\n[data]\nformat = \"idx\"\n",
          .thalweg_version = "0.1.0",
          .torch_version = "2.13.0",
          .started = "2025-01-02T03:04:05Z",
          .seed = 0xFFFFFFFFFFFFFFFFULL,
          .threads = 2,
          .parameters = 109386,
          .planned_steps = 4220,
          .steps_per_epoch = 422,
          .heldout_rows = 6000,
          .heldout = "heldout",
          .loss = "cross_entropy",
          .metrics = {"accuracy", "top5"},
          .optimizer = "adamw",
          .peak_learning_rate = 1e-3};
}

Evaluation evaluation(std::int64_t step) {
  const double at = static_cast<double>(step);
  return {.step = step,
          .epoch = at / 422.0,
          .seconds = at * 0.01,
          .train_loss = 1.0 / (1.0 + at),
          .heldout_loss = {1.1 / (1.0 + at), 1.0 / (1.0 + at), 1.2 / (1.0 + at)},
          .metrics = {{"accuracy", "heldout", {0.9, 0.89, 0.91}}, {"accuracy", "train", {0.95, 0.94, 0.96}}}};
}

Trial trial() {
  return {.verdict = TrialVerdict::proven, .effect = 0.12, .low = 0.1, .high = 0.14, .goal = "metric", .cost = 0.4};
}

Action action(std::int64_t step) {
  return {.step = step,
          .code = "ill_conditioned_step",
          .lever = "optimizer.lr",
          .from = 0.1,
          .to = 0.05,
          .trial = trial(),
          .loss_before = 2.3,
          .loss_after = std::numeric_limits<double>::quiet_NaN()};
}

RunResult result() {
  const Finding finding{.code = "learning_rate_too_high",
                        .severity = Severity::fault,
                        .first_step = 40,
                        .last_step = 52,
                        .scope = "fc1.weight",
                        .message = "Each step climbs: lower the rate.",
                        .causes = {"input_scale"},
                        .evidence = {{Quantity::overshoot, "fc1.weight", 3.1, 1.0, "Cohen et al. 2021"},
                                     {Quantity::loss, "", std::numeric_limits<double>::infinity(), 2.3, "definition"}},
                        .remedies = {{"optimizer.lr", "3e-3", trial()}, {"schedule.kind", "\"cosine\"", std::nullopt}}};
  return {.run = "runs/fashion-mlp-0",
          .stop_reason = "epochs",
          .step = 4220,
          .epoch = 10.0,
          .seconds = 31.2,
          .train_loss = 0.21,
          .heldout_loss = {0.31, 0.30, 0.33},
          .metrics = {{"accuracy", "heldout", {0.891, 0.884, 0.897}}},
          .gradient_norm = 0.12,
          .relative_gradient_norm = 0.003,
          .critical = false,
          .budget = 0.03,
          .overhead = 0.027,
          .overhead_by_instrument = {{"ill_conditioning", 0.011}},
          .judgement = {.verdict = Verdict::fault, .findings = {finding}, .reason = ""},
          .actions = {action(50)},
          .next = {"thalweg compare runs/fashion-mlp-0"}};
}

Reading reading(std::int64_t step, Quantity quantity, double value, Scope scope) {
  return {.step = step, .value = value, .quantity = quantity, .scope = scope};
}

std::vector<Reading> step_readings(std::int64_t step, int count) {
  constexpr int kQuantities = static_cast<int>(Quantity::count_);
  std::vector<Reading> readings;
  for (int i = 0; i < count; ++i) {
    readings.push_back(reading(step, static_cast<Quantity>(i % kQuantities), static_cast<double>(step) + i / 1024.0,
                               static_cast<Scope>(i / kQuantities)));
  }
  return readings;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool same(const Reading& a, const Reading& b) {
  return a.step == b.step && same(a.value, b.value) && same(a.error, b.error) && same(a.cost, b.cost) &&
         a.quantity == b.quantity && a.scope == b.scope;
}

bool same(const RunHeader& a, const RunHeader& b) {
  const auto fields = [](const RunHeader& h) {
    return std::tie(h.name, h.recipe, h.thalweg_version, h.torch_version, h.started, h.seed, h.threads, h.parameters,
                    h.planned_steps, h.steps_per_epoch, h.heldout_rows, h.heldout, h.loss, h.metrics, h.optimizer);
  };
  return fields(a) == fields(b) && same(a.peak_learning_rate, b.peak_learning_rate);
}

bool same(const Interval& a, const Interval& b) {
  return same(a.value, b.value) && same(a.low, b.low) && same(a.high, b.high);
}

bool same(const NamedMetric& a, const NamedMetric& b) {
  return a.name == b.name && a.split == b.split && same(a.interval, b.interval);
}

bool same(const Evaluation& a, const Evaluation& b) {
  return a.step == b.step && same(a.epoch, b.epoch) && same(a.seconds, b.seconds) && same(a.train_loss, b.train_loss) &&
         same(a.heldout_loss, b.heldout_loss) && same(a.metrics, b.metrics);
}

bool same(const Trial& a, const Trial& b) {
  return a.verdict == b.verdict && same(a.effect, b.effect) && same(a.low, b.low) && same(a.high, b.high) &&
         a.goal == b.goal && same(a.cost, b.cost);
}

bool same(const Action& a, const Action& b) {
  return a.step == b.step && a.code == b.code && a.lever == b.lever && same(a.from, b.from) && same(a.to, b.to) &&
         same(a.trial, b.trial) && same(a.loss_before, b.loss_before) && same(a.loss_after, b.loss_after);
}

bool same(const Evidence& a, const Evidence& b) {
  return a.quantity == b.quantity && a.scope == b.scope && same(a.value, b.value) && same(a.threshold, b.threshold) &&
         a.source == b.source;
}

bool same(const Remedy& a, const Remedy& b) {
  return a.lever == b.lever && a.value == b.value && a.trial.has_value() == b.trial.has_value() &&
         (!a.trial || same(*a.trial, *b.trial));
}

bool same(const Finding& a, const Finding& b) {
  return a.code == b.code && a.severity == b.severity && a.first_step == b.first_step && a.last_step == b.last_step &&
         a.scope == b.scope && a.message == b.message && a.causes == b.causes && same(a.evidence, b.evidence) &&
         same(a.remedies, b.remedies);
}

bool same(const Judgement& a, const Judgement& b) {
  return a.verdict == b.verdict && a.reason == b.reason && same(a.findings, b.findings);
}

bool same(const std::map<std::string, double>& a, const std::map<std::string, double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && same(x.second, y.second); });
}

bool same(const RunResult& a, const RunResult& b) {
  return a.run == b.run && a.stop_reason == b.stop_reason && a.step == b.step && same(a.epoch, b.epoch) &&
         same(a.seconds, b.seconds) && same(a.train_loss, b.train_loss) && same(a.heldout_loss, b.heldout_loss) &&
         same(a.metrics, b.metrics) && same(a.gradient_norm, b.gradient_norm) &&
         same(a.relative_gradient_norm, b.relative_gradient_norm) && a.critical == b.critical &&
         a.gradient_resolved == b.gradient_resolved && same(a.budget, b.budget) && same(a.overhead, b.overhead) &&
         same(a.overhead_by_instrument, b.overhead_by_instrument) && same(a.judgement, b.judgement) &&
         same(a.actions, b.actions) && a.next == b.next;
}

}  // namespace samples
