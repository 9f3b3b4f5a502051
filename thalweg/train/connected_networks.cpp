#include "thalweg/train/connected_networks.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"
#include "thalweg/train/checkpoint.h"
#include "thalweg/train/metrics.h"
#include "thalweg/train/precise_statistics.h"
#include "thalweg/train/workbench.h"

namespace thalweg {
namespace {

constexpr std::int64_t kBatch = 128;   // rows whose mean loss is one value of an interval
constexpr std::int64_t kFewest = 8;    // batches, where there are that many rows
constexpr std::int64_t kRepair = 256;  // rows that a norm sees at once while its statistics are taken
constexpr std::int64_t kRepairRows = 2048;

// The same function in evaluation mode; in training mode without dropout, and each batch's statistics as they are.
void make_exact(std::vector<recipe::Layer>& layers) {
  for (recipe::Layer& layer : layers) {
    layer.momentum = 1.0;
    if (layer.type == recipe::LayerType::dropout) layer.p = 0.0;
    layer.init = {};
    make_exact(layer.inner);
  }
}

recipe::Recipe exact_recipe(recipe::Recipe recipe) {
  make_exact(recipe.model.layers);
  recipe.model.statistics = recipe::Statistics::running;
  return recipe;
}

// Of a part, it is the mean of its batches'.
bool is_share(recipe::MetricKind kind) {
  using recipe::MetricKind;
  return kind == MetricKind::accuracy || kind == MetricKind::top5 || kind == MetricKind::binary_accuracy ||
         kind == MetricKind::subset_accuracy || kind == MetricKind::hamming;
}

std::string words_of(const LayerSummary& layer, const Network& network) {
  std::string text = layer.type;
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.starts_with(layer.name + "."))
      text += fmt::format(", {} {}", name.substr(layer.name.size() + 1), fmt::join(tensor.sizes(), "×"));
  }
  return text;
}

// UsageError that names the first layer in which they differ. What training alone asks for (dropout) may.
void check_same(const Network& a, const Network& b, const SurveyTarget& of_a, const SurveyTarget& of_b) {
  const auto &x = a.summary(), &y = b.summary();
  for (std::size_t i = 0; i < std::max(x.size(), y.size()); ++i) {
    const std::string mine = i < x.size() ? words_of(x[i], a) : "not there",
                      other = i < y.size() ? words_of(y[i], b) : "not there";
    const bool named = i < x.size() && i < y.size() && x[i].name == y[i].name;
    const bool dropout = named && x[i].kind == recipe::LayerType::dropout && y[i].kind == x[i].kind;
    if (named && (dropout || mine == other)) continue;
    const std::string layer = i < x.size() ? x[i].name : y[i].name;
    throw UsageError(fmt::format(
        "{} and {} are different networks: the first layer that differs is '{}' ({} in the one, {} in the other)",
        of_a.subject, of_b.subject, layer, mine,
        named || i >= y.size() ? other : fmt::format("'{}', {}", y[i].name, other)));
  }
}

bool has_running_statistics(const Network& network) {
  return std::ranges::any_of(network.buffers(), [](const auto& b) { return b.first.ends_with("running_mean"); });
}

// In equal batches of kBatch rows, or fewer where that leaves fewer than kFewest of them; two at least, for batch norm.
std::vector<at::Tensor> drawn(std::int64_t all, const ConnectedRows& options) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const std::int64_t rows = std::min(all, options.rows);
  const std::int64_t size = std::max(std::min<std::int64_t>(2, rows), std::min(kBatch, rows / kFewest));
  const at::Tensor order = at::randperm(all, generator, at::kLong).slice(0, 0, rows / size * size);
  return order.split(size);
}

}  // namespace

struct ConnectedNetworks::State {
  explicit State(const recipe::Recipe& recipe) : bench(recipe), shape(shape_of(bench.data.info)) {}

  Workbench bench;
  NetworkShape shape;
  std::map<std::string, std::vector<Batch>> batches;  // by part
  ConnectionProblem problem;
  std::vector<std::string> notes;

  Network& network() { return *bench.network; }

  void set(const NamedParameters& weights) {
    const torch::NoGradGuard none;
    std::size_t i = 0;
    for (const auto* tensors : {&network().parameters(), &network().buffers()}) {
      for (const auto& [name, tensor] : *tensors) tensor.detach().copy_(weights[i++].second);
    }
  }
  PartLosses evaluate(const std::string& part, const NamedParameters& weights);
  NamedParameters repaired(const NamedParameters& weights);
  void hear(const NamedParameters& weights, std::int64_t batch, Tap& tap);
  double seconds_per_gradient();
  void add_part(const std::string& name, const Part& part, const ConnectedRows& rows);
  void put_heldout(const ConnectedRows& rows, bool other_seed);
  void put_functions();
};

PartLosses ConnectedNetworks::State::evaluate(const std::string& part, const NamedParameters& weights) {
  const torch::NoGradGuard none;
  set(weights);
  network().train(false);
  PartLosses result;
  const bool share = is_share(bench.recipe.metric.kinds.front());
  MetricAccumulator metrics(bench.recipe.metric, bench.recipe.loss, bench.data.info);
  for (const Batch& batch : batches.at(part)) {
    const at::Tensor outputs = network().forward(batch.inputs);
    const Objective::Value value = bench.objective(outputs, batch.targets);
    result.batches.push_back(value.loss());
    metrics.add(outputs, batch.targets, value.rows);
    if (!share) continue;
    MetricAccumulator own(bench.recipe.metric, bench.recipe.loss, bench.data.info);
    own.add(outputs, batch.targets, value.rows);
    result.shares.push_back(own.metrics().front().value);
  }
  if (!problem.metric.empty()) result.metric = metrics.metrics().front().value;
  return result;
}

NamedParameters ConnectedNetworks::State::repaired(const NamedParameters& weights) {
  set(weights);
  network().train(false);
  make_precise(network(), *bench.data.train, {.rows = kRepairRows, .at_once = kRepair, .seed = 1});
  NamedParameters result = weights;
  const NamedParameters& buffers = network().buffers();
  const std::size_t first = result.size() - buffers.size();
  for (std::size_t i = 0; i < buffers.size(); ++i) result[first + i].second = buffers[i].second.clone();
  return result;
}

void ConnectedNetworks::State::hear(const NamedParameters& weights, std::int64_t batch, Tap& tap) {
  const torch::NoGradGuard none;
  set(weights);
  network().train(false);
  network().tap(&tap);
  network().forward(batches.at("train")[static_cast<std::size_t>(batch)].inputs);
  network().tap(nullptr);
}

// Of all training rows that a point is taken on.
double ConnectedNetworks::State::seconds_per_gradient() {
  const std::vector<Batch>& all = batches.at("train");
  network().train(false);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const at::Tensor loss = bench.objective(network().forward(all.front().inputs), all.front().targets).total;
    torch::autograd::grad({loss}, bench.parameters, {}, std::nullopt, false, true);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best * static_cast<double>(all.size());
}

void ConnectedNetworks::State::add_part(const std::string& name, const Part& part, const ConnectedRows& rows) {
  std::int64_t count = 0;
  for (const at::Tensor& index : drawn(part.rows(), rows)) {
    batches[name].push_back(part.gather(index));
    count += index.size(0);
  }
  problem.parts.push_back({.name = name, .rows = count, .evaluate = [this, name](const NamedParameters& weights) {
                             return evaluate(name, weights);
                           }});
}

void ConnectedNetworks::State::put_heldout(const ConnectedRows& rows, bool other_seed) {
  const Part* part = bench.data.test ? bench.data.test.get() : bench.data.validation.get();
  if (part == nullptr) {
    notes.emplace_back("nothing is held out: what is said holds for training rows");
    return;
  }
  if (!bench.data.test && other_seed && std::holds_alternative<double>(bench.recipe.data.validation)) {
    notes.emplace_back(
        "the runs drew their validation rows by different seeds: of those held out here the second may have been "
        "trained on some");
  }
  add_part("heldout", *part, rows);
}

void ConnectedNetworks::State::put_functions() {
  problem.constant_loss = bench.objective.best_constant(*bench.data.train);
  const auto hear_all = [this](const NamedParameters& parameters, const NamedParameters& buffers) {
    NamedParameters weights = parameters;
    weights.insert(weights.end(), buffers.begin(), buffers.end());
    return [this, weights](std::int64_t batch, Tap& tap) { hear(weights, batch, tap); };
  };
  problem.heard = {.a = hear_all(problem.parameters_a, problem.buffers_a),
                   .b = hear_all(problem.parameters_b, problem.buffers_b),
                   .batches = static_cast<std::int64_t>(batches.at("train").size())};
  problem.outputs = [this](const NamedParameters& weights) {
    const torch::NoGradGuard none;
    set(weights);
    network().train(false);
    return network().forward(batches.at("train").front().inputs).clone();
  };
  if (has_running_statistics(network())) {
    problem.repaired = [this](const NamedParameters& weights) { return repaired(weights); };
  }
  problem.seconds_per_gradient = seconds_per_gradient();
}

namespace {

// Its own copy of what the file holds, by the network's names.
void take_weights(Network& network, const SurveyTarget& target, NamedParameters& parameters, NamedParameters& buffers) {
  load_model(network, target.model, target.where);
  for (const auto& [name, tensor] : network.parameters()) parameters.emplace_back(name, tensor.detach().clone());
  for (const auto& [name, tensor] : network.buffers()) buffers.emplace_back(name, tensor.detach().clone());
}

}  // namespace

ConnectedNetworks::ConnectedNetworks(const SurveyTarget& a, const SurveyTarget& b, const ConnectedRows& rows)
    : state_(std::make_unique<State>(exact_recipe(a.recipe))) {
  State& s = *state_;
  s.notes = s.bench.notes;
  const auto other = build_network(exact_recipe(b.recipe).model, s.shape, 0);
  check_same(s.network(), *other, a, b);
  s.problem.subject_a = a.subject;
  s.problem.subject_b = b.subject;
  s.problem.symmetry = symmetry_of(s.bench.recipe.model, s.shape, s.network());
  take_weights(*other, b, s.problem.parameters_b, s.problem.buffers_b);
  take_weights(s.network(), a, s.problem.parameters_a, s.problem.buffers_a);
  if (!(a.recipe.data == b.recipe.data))
    s.notes.emplace_back("the runs have different [data]: losses are taken on the first's");
  if (!(a.recipe.loss == b.recipe.loss)) s.notes.emplace_back("the runs have different losses: the first's is taken");
  const recipe::MetricKind metric = a.recipe.metric.kinds.front();
  if (metric != recipe::MetricKind::loss) s.problem.metric = std::string(metric_name(metric));
  s.problem.larger_is_better = larger_is_better(metric);
  s.add_part("train", *s.bench.data.train, rows);
  s.put_heldout(rows, a.recipe.seed != b.recipe.seed);
  s.put_functions();
}

ConnectedNetworks::~ConnectedNetworks() = default;
const ConnectionProblem& ConnectedNetworks::problem() const { return state_->problem; }
const std::vector<std::string>& ConnectedNetworks::notes() const { return state_->notes; }

}  // namespace thalweg
