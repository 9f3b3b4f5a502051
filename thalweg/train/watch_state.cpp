#include "thalweg/train/watch_state.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "thalweg/diagnose/attention.h"
#include "thalweg/diagnose/checks.h"
#include "thalweg/diagnose/instability.h"
#include "thalweg/observe/catalogue.h"
#include "thalweg/observe/gradient/norms.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/train/watch_spending.h"

namespace thalweg {
namespace {

constexpr int kTrust = 8;                // looks
constexpr std::int64_t kRateEvery = 16;  // steps between questions for the learning rate

std::vector<at::Tensor> gradients_of(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& p : parameters) result.push_back(p.grad());
  return result;
}

}  // namespace

void Watch::State::warn(const std::string& text) {
  if (!warned.insert(text).second) return;
  notes.push_back(text);
  if (options.warn) {
    options.warn(text);
  } else {
    TORCH_WARN("thalweg: ", text);
  }
}

void Watch::State::begin_step(bool closure_given, bool closure_of_step) {
  const bool second = closure_given && !closures_refused && (expected == 1 || closure_of_step);
  const bool trainable =
      std::all_of(parameters.begin(), parameters.end(), [](const at::Tensor& p) { return p.requires_grad(); });
  plan = observer->plan(index, {.graph = !repeats && trainable,
                                .update = !repeats,
                                .second_forward = second && !repeats,
                                .taps = second && !repeats && options.tap,
                                .several_backwards = expected > 1,
                                .free_sums = options.free_sums});
  step = {.index = index, .scopes = record->scopes(), .parameters = parameters, .optimizer = view.get()};
  step.names = names;
  step.scope_of = [this](std::string_view layer) { return record->scope(layer); };
  step.buffer = [this](std::string_view name) {
    const auto found = std::find(options.buffer_names.begin(), options.buffer_names.end(), name);
    const auto place = static_cast<std::size_t>(found - options.buffer_names.begin());
    return place < options.buffers.size() ? options.buffers[place] : at::Tensor();
  };
  if (view && (options.call_seconds == 0.0 || index % kRateEvery == 0 || plan.graph || plan.second_forward)) {
    step.learning_rate = view->learning_rate();
  } else {
    step.learning_rate = std::numeric_limits<double>::quiet_NaN();
  }
  batch = {};
  planned = true;
}

// Where everything there is of the loss is the tensor, reading it waits for its device: on the CPU that is nothing.
void Watch::State::read_loss(const at::Tensor& loss, const Batch& given) {
  batch = given;
  const bool known = !std::isnan(given.loss);
  const bool readable = loss.numel() == 1 && (loss.is_cpu() || plan.graph || plan.second_forward || plan.sums);
  const double value = known      ? given.loss
                       : readable ? loss.detach().item<double>() / given.scale
                                  : std::numeric_limits<double>::quiet_NaN();
  step.loss += value;
  step.objective += std::isnan(given.objective) ? value : given.objective;
  step.rows += given.rows;
  step.objective_error = std::isnan(given.objective_error)
                             ? machine_epsilon(loss.scalar_type()) * std::abs(step.objective)
                             : given.objective_error;
  if (loss.numel() != 1) observer->cancel({.graph = true, .second_forward = true, .taps = true});
}

void Watch::State::take_closure(const Closure& closure, const Batch& given) {
  if (!closure) return;
  if (backwards > 1 && !given.closure_of_step) {
    closures_refused = true;
    observer->cancel({.second_forward = true, .taps = true});
    replay.forget();
    warn(
        "a closure gives one batch's loss again, and this step is made of several backwards: what needs a second "
        "forward is left out; give no closure, or one backward a step");
    return;
  }
  if ((plan.second_forward || plan.taps) && !closures_refused) replay.take(closure);
}

bool Watch::State::take_graph(const at::Tensor& loss) {
  if (!plan.graph || graph || loss.numel() != 1 || !loss.requires_grad()) return false;
  graph.emplace(loss.dim() == 0 ? loss : loss.sum(), parameters, 1.0 / batch.scale);
  step.graph = &*graph;
  step.graph_share = 1.0 / backwards;
  observer->before_backward(step);
  return graph->built();
}

void Watch::State::look_at_gradient() {
  looked = true;
  step.finite = true;
  if (plan.gradient || plan.each_backward) {
    const Preparing preparing(*this, [](const Needs& needs) { return needs.gradient || needs.each_backward; });
    gradient = clones(gradients_of(parameters));
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (!gradient[i].defined()) gradient[i] = at::zeros_like(parameters[i]);
      if (batch.scale != 1.0) gradient[i].div_(batch.scale);
    }
    step.gradient = [this]() -> const std::vector<at::Tensor>& { return gradient; };
  }
  if (plan.sums && !options.free_sums) {
    const Preparing preparing(*this, [](const Needs& needs) { return needs.sums; });
    squares = squared_norms(gradients_of(parameters));
    for (double& s : squares) s /= batch.scale * batch.scale;
    step.gradient_sq = squares;
    step.finite = std::all_of(squares.begin(), squares.end(), [](double s) { return std::isfinite(s); });
  } else if (plan.gradient) {
    const auto own = squared_norms(gradient);
    step.finite = std::all_of(own.begin(), own.end(), [](double s) { return std::isfinite(s); });
  }
}

void Watch::State::offer_second_forwards() {
  step.gradient_at = [this](const std::vector<at::Tensor>& weights) { return replay.gradient_at(weights); };
  if (!plan.taps) return;
  if (!replay.ready()) observer->cancel({.taps = true});
  step.through = [this](Tap& tap, const Replay::Use& use) {
    const auto set = options.tap;
    replay.again([&] { set(&tap); }, [&] { set(nullptr); }, use);
  };
}

// Before the weights move: what must be kept of them, and L(θ) as the closure gives it.
void Watch::State::prepare_update() {
  if (prepared) return;
  prepared = true;
  constexpr auto moves = [](const Needs& needs) { return needs.update || needs.graph; };
  if (observer->asked(moves)) {
    const Preparing preparing(*this, moves);
    keep_weights();
  }
  if (!plan.second_forward) return;
  if (!replay.ready()) {
    observer->cancel({.second_forward = true});
    return;
  }
  try {
    constexpr auto along = [](const Needs& needs) { return needs.along(); };
    if (std::isnan(batch.objective) && observer->asked(along)) {
      const Preparing preparing(*this, along);
      find_objective();
    }
  } catch (const std::exception& error) {
    closures_refused = true;
    observer->give_up({.second_forward = true});
    warn(fmt::format("the closure threw, what needs a second forward is left out, training goes on: {}",
                     std::string_view(error.what()).substr(0, std::string_view(error.what()).find('\n'))));
  }
}

// Into the same memory each time: fresh pages would cost more than the copy.
void Watch::State::keep_weights() {
  const torch::NoGradGuard no_grad;
  if (before.empty()) {
    before = clones(parameters);
  } else {
    for (std::size_t i = 0; i < before.size(); ++i) before[i].copy_(parameters[i]);
  }
  step.before = before;
  if (graph) graph->keep_weights(before);
}

// The closure's own L(θ): with dropout it draws other numbers than the step's forward did.
void Watch::State::find_objective() {
  if (trusted > 0) {
    --trusted;
  } else {
    const double again = replay.loss();
    trusted = again == step.objective && !replay.drew() ? kTrust : 0;
    step.objective = again;
  }
  if (rounding_at == 0.0 ||
      !(std::abs(step.objective) > 0.5 * rounding_at && std::abs(step.objective) < 2.0 * rounding_at)) {
    rounding = rounding_of_loss();
    rounding_at = std::abs(step.objective);
  }
  step.objective_error = std::max(rounding, 0.5 * step.objective_error);
}

// Weights moved by their last bit, forth and back: s = L(θ+δ) + L(θ−δ) − 2 L(θ) is rounding alone, of variance 6 σ²
// (spectral/gradient_noise.h). Twice.
double Watch::State::rounding_of_loss() {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed + static_cast<std::uint64_t>(index));
  double sum = 0.0;
  for (int k = 0; k < 2; ++k) {
    std::vector<at::Tensor> forth, back;
    for (const at::Tensor& w : before) {
      const double epsilon = machine_epsilon(w.scalar_type());
      const at::Tensor sign = at::randint(2, w.sizes(), generator, w.options().device(at::kCPU)).mul_(2).sub_(1);
      const at::Tensor delta = w * sign.to(w.device()) * epsilon;
      forth.push_back(w + delta);
      back.push_back(w - delta);
    }
    const double s = replay.loss_at(forth) + replay.loss_at(back) - 2.0 * step.objective;
    sum += s * s / 6.0;
  }
  return std::sqrt(sum / 2.0);
}

void Watch::State::finish_step(std::span<const StepSums> sums) {
  if (planned && backwards > 0) {
    if (!looked) look_at_gradient();
    step.sums = sums;
    step.update = [this]() -> const std::vector<at::Tensor>& {
      if (change.empty()) {
        for (std::size_t i = 0; i < before.size(); ++i) change.push_back(parameters[i].detach() - before[i]);
      }
      return change;
    };
    step.gradient_at = nullptr;
    step.through = nullptr;
    step.loss_along = [this](double t) {
      if (t == 0.0) return step.objective;
      if (t == 1.0) return replay.loss();
      std::vector<at::Tensor> weights;
      for (std::size_t i = 0; i < before.size(); ++i) weights.push_back(before[i] + t * step.update()[i]);
      return replay.loss_at(weights);
    };
    step.loss_at = [this](const std::vector<at::Tensor>& weights) { return replay.loss_at(weights); };
    put_each_step();
    observer->after_update(step, *record);
    record->check_store();
    expected = backwards;
  }
  ++index;
  forget_step();
}

void Watch::State::put_each_step() {
  const auto put = [&](Quantity quantity, double value) {
    record->put({.step = step.index, .value = value, .quantity = quantity});
  };
  const bool unread = std::isnan(step.loss) && !parameters.front().is_cpu();
  if (!unread) put(Quantity::loss, step.loss);
  if (!std::isnan(batch.objective)) put(Quantity::objective, step.objective);
  if (!std::isnan(step.learning_rate)) put(Quantity::learning_rate, step.learning_rate);
}

void Watch::State::forget_step() {
  graph.reset();
  gradient.clear();
  change.clear();
  replay.forget();
  step = {};
  backwards = 0;
  planned = looked = prepared = in_step = repeating = false;
}

// Since the last backward the gradients were set to none, and no step was made: what was seen of it is void.
bool Watch::State::gradients_were_dropped() const { return !parameters[with_gradient].grad().defined(); }

// A closure that clears its gradients within a step computes the same loss at other weights. One that does not adds a
// micro-batch.
bool Watch::State::begins_again() const {
  if (!in_step || backwards == 0) return false;
  return repeating || gradients_were_dropped() ||
         parameters[with_gradient].grad().count_nonzero().item<std::int64_t>() == 0;
}

void Watch::State::evaluated_again() {
  repeating = true;
  if (repeats) return;
  repeats = true;
  observer->cancel({.graph = true, .update = true, .second_forward = true, .taps = true});
  warn("the optimizer calls its closure more than once a step: loss and gradient are watched, curvature is not");
}

std::vector<float> Watch::State::fingerprint() const {
  std::vector<float> result;
  for (const at::Tensor& p : parameters) {
    if (p.numel() == 0) continue;
    const at::Tensor flat = p.detach().reshape(-1);
    result.push_back(flat[0].item<float>());
    result.push_back(flat[p.numel() / 2].item<float>());
  }
  return result;
}

bool Watch::State::weights_moved() const { return fingerprint() != print; }

void Watch::State::spend_beyond(double loop_seconds) {
  const double more = loop_seconds - spent_since;
  if (!(more > 0.0)) return;
  spent_since += more;
  spent_now += more;
  observer->also_spent("watch", more);
}

void Watch::State::keep_time() {
  const auto now = Clock::now();
  ++steps_since;
  if (since) {
    const double whole = std::chrono::duration<double>(now - *since).count() - spent_since;
    // An evaluation or a pause between two steps is no training.
    const double mine = typical > 0.0 ? std::min(whole, 5.0 * typical * static_cast<double>(steps_since)) : whole;
    const double each = std::max(0.0, mine) / static_cast<double>(steps_since);
    typical = typical > 0.0 ? 0.95 * typical + 0.05 * std::max(each, 1e-9) : std::max(each, 1e-9);
    observer->trained(std::max(0.0, mine), steps_since);
  }
  since = now;
  spent_since = 0.0;
  steps_since = 0;
}

void Watch::State::attend() {
  constexpr std::int64_t kEvery = 64;
  if (options.cadence > 0 || (index != 1 && index % std::max(kEvery, index / 16) != 0)) return;
  constexpr double kMore = 4.0, kFirst = 20.0;
  constexpr std::int64_t kPatience = 40;  // turns without a word: there is nothing to say of this network
  const std::map<std::string, std::int64_t> turns = observer->turns();
  std::map<std::string_view, double> factors;
  for (const Quantity quantity : wanted(record->history())) factors[instrument_of(quantity)] = kMore;
  for (const Quantity quantity : unread(record->history())) {
    const auto had = turns.find(std::string(instrument_of(quantity)));
    if (had != turns.end() && had->second < kPatience) factors[instrument_of(quantity)] = kFirst;
  }
  observer->attend(factors);
}

// Said when it begins to stand, not at each look.
void Watch::State::look_ahead() {
  constexpr std::int64_t kEvery = 32;
  if (index % kEvery != 0 || options.objective == kSurrogate) return;
  const auto forecast = forecast_instability(record->history());
  if (forecast && !forewarned) warn(words(*forecast));
  forewarned = forecast.has_value();
}

}  // namespace thalweg
