#include "tests/cli/sample_run.h"

#include <fmt/format.h>

#include <cmath>

#include "thalweg/store/store.h"

namespace thalweg::cli {
namespace {

constexpr int kEpochs = 10, kStepsPerEpoch = 20;

RunHeader header_of(const SampleRun& run) {
  RunHeader header;
  header.name = run.name;
  header.recipe = fmt::format(
      "name = \"{}\"\nseed = {}\n\n[model]\nlayers = [\n  {{ type = \"linear\" }},\n]\n\n[optimizer]\nkind = "
      "\"adamw\"\nlr = {}\n",
      run.name, run.seed, run.lr);
  header.seed = run.seed;
  header.started = "2025-01-01T00:00:00Z";
  header.planned_steps = kEpochs * kStepsPerEpoch;
  header.steps_per_epoch = kStepsPerEpoch;
  header.loss = "cross_entropy";
  header.metrics = {"accuracy"};
  return header;
}

std::vector<NamedMetric> metrics_of(double accuracy) {
  return {{.name = "accuracy",
           .split = "heldout",
           .interval = {.value = accuracy, .low = accuracy - 0.007, .high = accuracy + 0.006}}};
}

Finding finding() {
  Finding finding;
  finding.code = "learning_rate_too_high";
  finding.severity = Severity::fault;
  finding.message = "the steps overshoot";
  return finding;
}

RunResult result_of(const SampleRun& run) {
  RunResult result;
  result.run = "where/it/was/written";
  result.stop_reason = run.stop_reason;
  result.step = kEpochs * kStepsPerEpoch;
  result.epoch = kEpochs;
  result.seconds = 31.25;
  result.train_loss = 0.25;
  result.heldout_loss = {.value = run.loss, .low = run.loss - 0.01, .high = run.loss + 0.02};
  result.metrics = metrics_of(run.accuracy);
  result.budget = 0.03;
  result.overhead = 0.027;
  result.judgement.verdict = run.healthy ? Verdict::healthy : Verdict::fault;
  if (!run.healthy) result.judgement.findings = {finding()};
  return result;
}

}  // namespace

void write_run(const std::filesystem::path& folder, const SampleRun& run) {
  std::filesystem::create_directories(folder);
  StoreWriter store(folder / "run.sqlite", header_of(run), {});
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    const double loss = run.loss + (2.3 - run.loss) * std::exp(-0.8 * epoch);
    for (int step = (epoch - 1) * kStepsPerEpoch; step < epoch * kStepsPerEpoch; ++step) {
      store.put(Reading{.step = step, .value = loss, .quantity = Quantity::loss});
    }
    store.put(Evaluation{
        .step = epoch * kStepsPerEpoch,
        .epoch = 1.0 * epoch,
        .seconds = 3.0 * epoch,
        .train_loss = loss,
        .heldout_loss = {.value = epoch == kEpochs ? run.loss : loss, .low = loss - 0.01, .high = loss + 0.02},
        .metrics = metrics_of(run.accuracy)});
  }
  if (run.finished) store.finish(result_of(run));
}

}  // namespace thalweg::cli
