// When and how a session looks at the point where it stands (observe/curvature/standpoint.h): where its loss stands
// still, as often as the budget of watch lets it, and at the end of the run.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "thalweg/diagnose/standing.h"
#include "thalweg/observe/catalogue.h"
#include "thalweg/observe/curvature/standpoint.h"
#include "thalweg/observe/observer.h"
#include "thalweg/train/neighbours.h"
#include "thalweg/train/session.h"

namespace thalweg {
namespace {

constexpr std::int64_t kJudgeEvery =
    64;                              // steps at least, and an eighth of those made: judging reads the whole history
constexpr std::int64_t kRows = 256;  // of a batch: eight of them tell a gain of a fiftieth of the loss from chance
// A run that ends standing still is looked at even where its budget is smaller than this. Seconds.
constexpr double kLeastAtEnd = 0.5;

// The rows of a step in batches of `rows`; 0 where a step has all rows, or its gradient is a sum over them.
double batches_a_step(const recipe::Recipe& recipe, std::int64_t rows, std::int64_t all) {
  const std::int64_t step = recipe.batch.size * recipe.batch.accumulate;
  if (step >= all || recipe.loss.reduction == recipe::Reduction::sum) return 0.0;
  return static_cast<double>(step) / static_cast<double>(rows);
}

// How noisy a step is, from the gradients of the look's larger batches, where no instrument had a turn to say it: the
// variance of a mean over n rows goes as 1/n.
void say_noise(const SampledGradient& g, double part, std::int64_t step,
               const std::function<void(const Reading&)>& say) {
  say({.step = step,
       .value = g.noise_sq * g.batches / part,
       .error = std::numeric_limits<float>::quiet_NaN(),
       .quantity = Quantity::gradient_variance});
  say({.step = step,
       .value = g.norm_sq,
       .error = static_cast<float>(std::max(g.high - g.norm_sq, g.norm_sq - g.low)),
       .quantity = Quantity::gradient_signal});
}

}  // namespace

void Session::look_at_point(bool at_end) {
  if (!looks_ || !finite_ || !watch_) return;
  if (position_.step == 0 || (!at_end && position_.step < next_look_)) return;
  const auto start = Clock::now();
  const bool stands = standing(watch_->history()).standing.has_value();
  const recipe::Watch& watch = bench_.recipe.watch;
  double seconds = watch.cadence > 0 ? std::numeric_limits<double>::infinity() : watch_->observer().left_seconds();
  if (at_end && stands) seconds = std::max(seconds, kLeastAtEnd);
  next_look_ = position_.step + std::max(kJudgeEvery, position_.step / 8);
  // On a fixed cadence no budget bounds a look, so that only a run that stands still gets one.
  if ((stands || (at_end && watch.cadence == 0)) && seconds > 0.0) {
    try {
      if (measure_point(seconds, stands)) next_look_ = position_.step + std::max(kJudgeEvery, position_.step / 2);
    } catch (const std::exception& error) {
      looks_ = false;
      const std::string words = error.what();
      options_.events.note(fmt::format("instrument standpoint failed and gets no further turn, training goes on: {}",
                                       words.substr(0, words.find('\n'))));
    }
  }
  watch_->observer().also_spent("standpoint", seconds_between(start, Clock::now()));
}

// Every forward draws the same random numbers; what they and the running statistics were is put back.
bool Session::measure_point(double seconds, bool stands) {
  const Undisturbed undisturbed(*bench_.network);
  const at::Tensor random = random_state();
  StandpointProblem problem{.parameters = bench_.parameters};
  const auto batches = bench_.sample_batches(problem.batches, kRows);
  const auto value = [&](int k) {
    const Batch& batch = batches[static_cast<std::size_t>(k)];
    if (bench_.network->random()) set_random_state(random);
    return bench_.objective(bench_.network->forward(batch.inputs), batch.targets);
  };
  // A sum is taken as a mean, so that gains compare with losses a row.
  const auto share = [&](const Objective::Value& v) {
    const bool sum = bench_.recipe.loss.reduction == recipe::Reduction::sum;
    return sum ? 1.0 / static_cast<double>(v.rows.size(0) * v.entries) : 1.0;
  };
  problem.objective = [&](int k) {
    const Objective::Value v = value(k);
    return v.total * share(v);
  };
  problem.loss = [&](int k) {
    const torch::NoGradGuard no_grad;
    const Objective::Value v = value(k);
    return bench_.objective.exact(v) * share(v);
  };
  const auto point =
      look_at_standpoint(problem, {.seconds = seconds, .seed = stream_seed(bench_.recipe.seed, RunStream::sample)});
  if (!point) return false;
  const auto say = [&](const Reading& reading) { watch_->record().put_between(reading); };
  thalweg::put(*point, position_.step, say);
  const double part = batches_a_step(bench_.recipe, batches.front().inputs.size(0), bench_.data.train->rows());
  if (part > 0.0 && watch_->history().series(Quantity::gradient_variance).empty()) {
    say_noise(point->gradient, part, position_.step, say);
  }
  if (stands && watch_->history().series(Quantity::neighbour_loss).empty()) say(neighbours(batches.front()));
  return true;
}

Reading Session::neighbours(const Batch& batch) const {
  const torch::NoGradGuard no_grad;
  const at::Tensor outputs = bench_.network->forward(batch.inputs);
  const double loss = neighbour_loss({*bench_.data.train, bench_.data.info, bench_.recipe.loss, bench_.objective},
                                     {.outputs = outputs.dim() == 2 ? outputs.size(1) : 0,
                                      .seed = stream_seed(bench_.recipe.seed, RunStream::sample)});
  return {.step = position_.step, .value = loss, .quantity = Quantity::neighbour_loss};
}

}  // namespace thalweg
