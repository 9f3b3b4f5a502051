#include "thalweg/train/surveyed_network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <optional>

#include "thalweg/optim/optimizer.h"
#include "thalweg/optim/stability.h"
#include "thalweg/record/error.h"
#include "thalweg/survey/gradient.h"
#include "thalweg/train/random_state.h"
#include "thalweg/train/through.h"
#include "thalweg/train/workbench.h"

namespace thalweg {
namespace {

struct Parts {
  std::unique_ptr<Network> network;
  std::unique_ptr<Network> fresh;  // with the weights from before the first step
  std::unique_ptr<Objective> objective, fresh_objective;
  std::vector<Batch> batches;  // the surveyed ones first
  std::vector<std::string> notes;
  std::int64_t steps_per_epoch = 0;
};

std::vector<at::Tensor> tensors_of(const Network& network) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : network.parameters()) result.push_back(tensor);
  return result;
}

// --- from the recipe's data

Parts from_data(const SurveyTarget& target, const SurveyBatches& wanted) {
  Workbench bench(target.recipe);
  Parts parts{.fresh = bench.fresh_network(), .notes = bench.notes, .steps_per_epoch = bench.steps_per_epoch};
  const std::int64_t rows = bench.data.train->rows(), size = bench.sample_batches(1).front().rows;
  const std::int64_t room = rows / size;  // batches that share no row
  if (wanted.count > room) {
    parts.notes.push_back(fmt::format("--batches {}: the {} training rows make no more than {} of {} rows",
                                      wanted.count, rows, room, size));
  }
  const auto count = std::min<std::int64_t>(wanted.count, room);
  const auto others = std::min<std::int64_t>(wanted.independent, room - count);
  if (others < 2) {
    parts.notes.emplace_back("the surveyed batches leave no rows for independent ones: what is said holds for them");
  }
  parts.batches = bench.sample_batches(static_cast<int>(count + (others < 2 ? 0 : others)));
  parts.objective = std::make_unique<Objective>(bench.objective);
  parts.fresh_objective = std::make_unique<Objective>(target.recipe.loss, bench.data.info, tensors_of(*parts.fresh));
  parts.network = std::move(bench.network);
  return parts;
}

// --- from a file with x and y

Batch read_batch(const std::filesystem::path& path) {
  const SafetensorsFile file = read_safetensors(path);
  const at::Tensor *x = file.find("x"), *y = file.find("y");
  if (x == nullptr || y == nullptr) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file.tensors) names.push_back(printable(name));
    throw InputError(fmt::format("{}: a batch has the tensors x and y; this file has {}", path.string(),
                                 names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  if (x->dim() < 1 || y->dim() < 1 || x->size(0) != y->size(0) || x->size(0) == 0) {
    throw InputError(fmt::format("{}: x and y have a row for each example, not {} and {}", path.string(),
                                 fmt::join(x->sizes(), "×"), fmt::join(y->sizes(), "×")));
  }
  const bool tokens = !x->is_floating_point();
  return {tokens ? x->to(at::kLong) : x->to(at::kFloat), y->is_floating_point() ? y->to(at::kFloat) : y->to(at::kLong),
          x->size(0)};
}

// Rows of the first or last matrix among the weights: what a vocabulary or a number of classes is seen by.
std::int64_t rows_of_matrix(const NamedTensors& model, bool first) {
  std::int64_t rows = 0;
  for (const auto& [name, tensor] : model) {
    if (tensor.dim() != 2) continue;
    rows = tensor.size(0);
    if (first) break;
  }
  return rows;
}

DataInfo info_of(const Batch& batch, const SurveyTarget& target) {
  DataInfo info;
  info.input_shape = batch.inputs.sizes().slice(1).vec();
  info.tokens = !batch.inputs.is_floating_point();
  if (info.tokens) info.vocabulary = rows_of_matrix(target.model, true);
  if (batch.targets.is_floating_point()) {
    info.targets =
        target.recipe.data.targets == recipe::TargetKind::infer ? recipe::TargetKind::real : target.recipe.data.targets;
    info.target_columns = batch.targets.dim() > 1 ? batch.targets.size(-1) : 1;
  } else {
    info.targets = recipe::TargetKind::classes;
    info.classes = rows_of_matrix(target.model, false);
  }
  return info;
}

// Numbers that index something lie below its size.
void check_range(const at::Tensor& numbers, std::int64_t limit, const char* what, const std::filesystem::path& file) {
  const std::int64_t low = numbers.min().item<std::int64_t>(), high = numbers.max().item<std::int64_t>();
  if (low >= 0 && high < limit) return;
  throw InputError(fmt::format("{}: {} reaches from {} to {}, and the weights know 0 to {}", file.string(), what, low,
                               high, limit - 1));
}

Parts from_file(const SurveyTarget& target, const std::filesystem::path& file) {
  Parts parts;
  parts.batches.push_back(read_batch(file));
  if (target.recipe.threads > 0) at::set_num_threads(static_cast<int>(target.recipe.threads));
  const DataInfo info = info_of(parts.batches.front(), target);
  if (info.tokens) check_range(parts.batches.front().inputs, info.vocabulary, "x", file);
  if (info.classes > 0) check_range(parts.batches.front().targets, info.classes, "y", file);
  const NetworkShape shape{.input = info.input_shape,
                           .tokens = info.tokens,
                           .vocabulary = info.vocabulary,
                           .outputs = info.classes > 0 ? info.classes : info.target_columns};
  const std::uint64_t seed = stream_seed(target.recipe.seed, RunStream::weights);
  parts.network = build_network(target.recipe.model, shape, seed);
  parts.fresh = build_network(target.recipe.model, shape, seed);
  parts.objective = std::make_unique<Objective>(target.recipe.loss, info, tensors_of(*parts.network));
  parts.fresh_objective = std::make_unique<Objective>(target.recipe.loss, info, tensors_of(*parts.fresh));
  return parts;
}

// Torch's stream as it was before anything was built.
struct KeptRandom {
  at::Tensor state = random_state();
  ~KeptRandom() { set_random_state(state); }
};

}  // namespace

struct SurveyedNetwork::State {
  KeptRandom kept;
  Parts parts;
  std::vector<at::Tensor> random;  // torch's stream before a forward of each batch; undefined: nothing is drawn
  std::optional<Undisturbed> undisturbed;
  SurveyProblem problem;

  LossOnBatch loss(std::size_t k, double weight, Network* network, Objective* objective) const {
    return {[this, k, network, objective] {
              if (random[k].defined()) set_random_state(random[k]);
              const Batch& batch = parts.batches[k];
              return (*objective)(network->forward(batch.inputs), batch.targets).total;
            },
            weight};
  }

  void freeze_masks(std::uint64_t seed) {
    random.resize(parts.batches.size());
    if (!parts.network->random()) return;
    for (std::size_t k = 0; k < random.size(); ++k) {
      seed_random(stream_seed(seed + k, RunStream::dropout));
      random[k] = random_state();
    }
  }

  std::vector<LossOnBatch> surveyed(std::size_t count, Network* network, Objective* objective) const {
    std::vector<LossOnBatch> result;
    for (std::size_t k = 0; k < count; ++k)
      result.push_back(loss(k, 1.0 / static_cast<double>(count), network, objective));
    return result;
  }

  double gradient_at_start(std::size_t count) const {
    const Undisturbed fresh(*parts.fresh);
    return length_of(
        gradient_of(surveyed(count, parts.fresh.get(), parts.fresh_objective.get()), tensors_of(*parts.fresh)));
  }

  void put_optimizer(const SurveyTarget& target);
  void put_stability(const Optimizer& optimizer, const SurveyTarget& target);
  double last_rate(const SurveyTarget& target) const;
};

// P and the limit at the last step, and the step that would come next from the gradient of the surveyed batches.
void SurveyedNetwork::State::put_optimizer(const SurveyTarget& target) {
  const recipe::Optimizer& options = target.recipe.optimizer;
  const auto optimizer = make_optimizer(options, parts.network->parameters());
  if (target.optimizer) optimizer->load(*target.optimizer);
  problem.peak_rate = problem.learning_rate = options.lr;
  if (target.position) problem.learning_rate = last_rate(target);
  put_stability(*optimizer, target);
  const auto parameters = tensors_of(*parts.network);
  const auto gradient = unflatten(gradient_of(problem.batches, parameters), parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].mutable_grad() = gradient[i].clone();
  problem.update = flatten(optimizer->preview(problem.learning_rate)).detach();
  optimizer->zero_grad();
}

double SurveyedNetwork::State::last_rate(const SurveyTarget& target) const {
  // The planned end is needed for the shapes that run towards it.
  const StopRules stop(target.recipe.stop, true, std::max<std::int64_t>(1, parts.steps_per_epoch));
  Schedule schedule(target.recipe.schedule, target.recipe.optimizer.lr, stop.planned_steps());
  schedule.load(target.position->schedule);
  return schedule.at(std::max<std::int64_t>(0, target.position->step - 1)) * target.position->rate_scale;
}

void SurveyedNetwork::State::put_stability(const Optimizer& optimizer, const SurveyTarget& target) {
  std::vector<at::Tensor> diagonal = optimizer.preconditioner();
  if (!std::ranges::all_of(diagonal, [](const at::Tensor& p) { return p.defined(); })) {
    parts.notes.emplace_back("the edge is not measured: the optimizer's state, which scales its steps, is not there");
    return;
  }
  for (at::Tensor& p : diagonal) p = p.detach();
  const at::Tensor flat = flatten(diagonal);
  if (!flat.eq(1.0).all().item<bool>()) problem.preconditioner = flat;
  const StabilityLimit limit =
      target.position ? stability_limit(target.recipe.optimizer, problem.learning_rate, target.position->step)
                      : stability_limit(target.recipe.optimizer, problem.learning_rate);
  problem.optimizer = limit.optimizer;
  problem.stability_limit = limit.eigenvalue;
  problem.limit_formula = limit.formula;
  problem.limit_caveat = limit.caveat;
  problem.added_curvature = limit.added_curvature;
}

SurveyedNetwork::SurveyedNetwork(const SurveyTarget& target, const SurveyBatches& wanted)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.parts = wanted.file.empty() ? from_data(target, wanted) : from_file(target, wanted.file);
  load_model(*s.parts.network, target.model, target.where);
  s.undisturbed.emplace(*s.parts.network);
  s.freeze_masks(target.recipe.seed);
  const auto count =
      wanted.file.empty() ? std::min(static_cast<std::size_t>(wanted.count), s.parts.batches.size()) : std::size_t{1};
  s.problem.subject = target.subject;
  s.problem.parameters = s.parts.network->parameters();
  s.problem.batches = s.surveyed(count, s.parts.network.get(), s.parts.objective.get());
  for (std::size_t k = count; k < s.parts.batches.size(); ++k) {
    s.problem.independent.push_back(s.loss(k, 1.0, s.parts.network.get(), s.parts.objective.get()));
  }
  for (std::size_t k = 0; k < count; ++k) s.problem.rows += s.parts.batches[k].rows;
  s.problem.gradient_at_start = s.gradient_at_start(count);
  s.put_optimizer(target);
}

SurveyedNetwork::~SurveyedNetwork() = default;

const SurveyProblem& SurveyedNetwork::problem() const { return state_->problem; }
Network& SurveyedNetwork::network() { return *state_->parts.network; }
const Batch& SurveyedNetwork::batch() const { return state_->parts.batches.front(); }

Through SurveyedNetwork::through() {
  if (state_->random.front().defined()) set_random_state(state_->random.front());
  return thalweg::through(*state_->parts.network, *state_->parts.objective, batch());
}

const std::vector<std::string>& SurveyedNetwork::notes() const { return state_->parts.notes; }

}  // namespace thalweg
