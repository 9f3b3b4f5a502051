#include "thalweg/survey/connection.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "thalweg/record/mean.h"

namespace thalweg {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

NamedParameters joined(const NamedParameters& parameters, const NamedParameters& buffers) {
  NamedParameters all;
  for (const auto* tensors : {&parameters, &buffers}) {
    for (const auto& [name, tensor] : *tensors) all.emplace_back(name, tensor.detach());
  }
  return all;
}

NamedParameters between(const NamedParameters& a, const NamedParameters& b, double t) {
  NamedParameters result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool real = a[i].second.is_floating_point();
    result.emplace_back(a[i].first, real ? (1.0 - t) * a[i].second + t * b[i].second : a[i].second);
  }
  return result;
}

void check(const ConnectionProblem& problem, const ConnectOptions& options) {
  if (options.points < 3) throw std::invalid_argument("a path needs 3 points or more");
  if (problem.parts.empty()) throw std::invalid_argument("there is no part to take the loss on");
  const NamedParameters a = joined(problem.parameters_a, problem.buffers_a),
                        b = joined(problem.parameters_b, problem.buffers_b);
  if (a.size() != b.size()) throw std::invalid_argument("the networks have different numbers of tensors");
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].first != b[i].first || a[i].second.sizes() != b[i].second.sizes()) {
      throw std::invalid_argument(fmt::format("the networks differ at {}", a[i].first));
    }
  }
}

std::vector<std::string> not_finite(const NamedParameters& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.is_floating_point() && !at::isfinite(tensor).all().item<bool>()) names.push_back(name);
  }
  return names;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

// Values along a path, as one batch has them.
using Values = std::function<double(const PartLosses&)>;

double above_chord(const std::vector<double>& at, const std::vector<PartLosses>& path, std::size_t i,
                   const Values& value) {
  return value(path[i]) - (1.0 - at[i]) * value(path.front()) - at[i] * value(path.back());
}

// The point that lies highest above the chord; one that is not a number is.
std::size_t highest_point(const std::vector<double>& at, const std::vector<PartLosses>& path, const Values& value) {
  std::size_t highest = 0;
  double most = 0.0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double rise = above_chord(at, path, i, value);
    if (std::isnan(rise)) return i;
    if (rise > most) {
      most = rise;
      highest = i;
    }
  }
  return highest;
}

Interval over_batches(const std::vector<double>& at, const std::vector<PartLosses>& path, std::size_t i,
                      const std::function<double(const PartLosses&, std::size_t batch)>& value, std::size_t batches) {
  std::vector<double> each;
  for (std::size_t k = 0; k < batches; ++k) {
    each.push_back(above_chord(at, path, i, [&](const PartLosses& v) { return value(v, k); }));
  }
  return mean_interval(each);
}

void put_barrier(const std::vector<double>& at, const std::vector<PartLosses>& path, double sign,
                 Connection::Part& part) {
  const std::size_t i = highest_point(at, path, [](const PartLosses& v) { return mean_of(v.batches); });
  part.barrier_at = at[i];
  part.barrier = over_batches(
      at, path, i, [](const PartLosses& v, std::size_t k) { return v.batches[k]; }, path.front().batches.size());
  // Of what is the better the larger it is, the fall below the chord.
  const Values metric = [sign](const PartLosses& v) { return sign * v.metric; };
  if (!std::isfinite(path.front().metric)) return;
  const std::size_t j = highest_point(at, path, metric);
  part.metric_barrier.value = above_chord(at, path, j, metric);
  if (path.front().shares.empty()) return;
  part.metric_barrier = over_batches(
      at, path, j, [](const PartLosses& v, std::size_t k) { return -v.shares[k]; }, path.front().shares.size());
}

// What connect() does, step by step.
class Connecting {
 public:
  Connecting(const ConnectionProblem& problem, const ConnectOptions& options)
      : p_(problem),
        options_(options),
        a_(joined(p_.parameters_a, p_.buffers_a)),
        b_(joined(p_.parameters_b, p_.buffers_b)) {
    c_.subject_a = p_.subject_a;
    c_.subject_b = p_.subject_b;
    c_.metric = p_.metric;
    c_.larger_is_better = p_.larger_is_better;
    c_.constant_loss = p_.constant_loss;
    for (const auto& [name, tensor] : p_.parameters_a) c_.parameters += tensor.numel();
    for (int i = 0; i < options.points; ++i) c_.at.push_back(static_cast<double>(i) / (options.points - 1));
  }

  Connection run() {
    put_symmetry();
    bool finite = true;
    for (const auto* side : {&a_, &b_}) {
      for (const std::string& name : not_finite(*side)) {
        finite = false;
        c_.reasons.push_back(
            fmt::format("{} of {} has values that are not finite", name, side == &a_ ? c_.subject_a : c_.subject_b));
      }
    }
    if (!finite) {
      c_.would_take = "weights that are finite: an earlier checkpoint";
      return c_;
    }
    measure();
    judge(c_);
    return c_;
  }
  void put_cost(double seconds) {
    c_.cost.seconds = seconds;
    c_.cost.gradient_units = seconds / p_.seconds_per_gradient;
  }
  Connection& result() { return c_; }

 private:
  void put_symmetry();
  void measure();
  void align(const std::string& method);
  void put_moved(const Arrangement& arrangement);
  Connection::Path walk(const std::string& name, const NamedParameters& to, bool repaired);
  NamedParameters b_as(const Arrangement& arrangement) const { return rearranged(p_.symmetry, arrangement, b_); }

  const ConnectionProblem& p_;
  const ConnectOptions& options_;
  NamedParameters a_, b_;
  Connection c_;
  std::vector<Arrangement> arrangements_;  // of c_.alignments
};

void Connecting::put_symmetry() {
  const Symmetry& s = p_.symmetry;
  std::vector<Connection::Group> groups;
  for (const UnitGroup& g : s.groups) {
    groups.push_back({.name = g.name,
                      .what = g.what,
                      .size = g.size,
                      .blocks = g.blocks,
                      .layers = g.layers,
                      .permutation_bits = permutation_bits(g)});
  }
  for (const UnitFactors& f : s.factors) {
    const std::int64_t n = s.groups[f.group].size;
    if (f.sign) groups[f.group].sign_bits += static_cast<double>(n);
    groups[f.group].dimensions += f.mixing ? n * n : f.scale ? n : 0;
  }
  c_.groups = std::move(groups);
  c_.permutation_bits = permutation_bits(s);
  c_.sign_bits = sign_bits(s);
  c_.flat_dimensions = flat_dimensions(s);
}

void Connecting::align(const std::string& method) {
  options_.progress("aligning by " + method);
  const auto start = Clock::now();
  const Alignment found =
      method == "weights"
          ? match_weights(p_.symmetry, p_.parameters_a, p_.parameters_b, options_.matching)
          : match_activations(p_.symmetry, p_.parameters_a, p_.parameters_b, p_.heard, options_.matching);
  c_.alignments.push_back({.method = method,
                           .similarity = found.similarity,
                           .distance = found.distance,
                           .sweeps = found.sweeps,
                           .seconds = since(start)});
  arrangements_.push_back(found.arrangement);
}

Connection::Path Connecting::walk(const std::string& name, const NamedParameters& to, bool repaired) {
  options_.progress("the path, " + name);
  Connection::Path path{.name = name, .method = "", .repaired = repaired, .parts = {}};
  std::vector<std::vector<PartLosses>> values(p_.parts.size());
  for (const double t : c_.at) {
    NamedParameters weights = between(a_, to, t);
    if (repaired) weights = p_.repaired(weights);
    for (std::size_t i = 0; i < p_.parts.size(); ++i) values[i].push_back(p_.parts[i].evaluate(weights));
    c_.cost.forwards += static_cast<std::int64_t>(p_.parts.size()) + (repaired ? 1 : 0);
  }
  for (std::size_t i = 0; i < p_.parts.size(); ++i) {
    Connection::Part part{.name = p_.parts[i].name, .rows = p_.parts[i].rows};
    for (const PartLosses& v : values[i]) {
      part.loss.push_back(mean_of(v.batches));
      if (std::isfinite(v.metric)) part.metric.push_back(v.metric);
    }
    put_barrier(c_.at, values[i], c_.larger_is_better ? -1.0 : 1.0, part);
    c_.metric_is_share = !values[i].front().shares.empty();
    path.parts.push_back(std::move(part));
  }
  return path;
}

// Which units of B are not where they were. Of blocks and signs nothing is said here.
void Connecting::put_moved(const Arrangement& arrangement) {
  for (std::size_t g = 0; g < c_.groups.size(); ++g) {
    if (p_.symmetry.groups[g].fixed) continue;
    const at::Tensor& p = arrangement.permutations[g];
    c_.groups[g].moved = p.ne(at::arange(p.size(0), at::kLong)).to(at::kDouble).mean().item<double>();
  }
}

void Connecting::measure() {
  const Alignment as_is = aligned_as(p_.symmetry, p_.parameters_a, p_.parameters_b, identity_arrangement(p_.symmetry));
  c_.similarity = as_is.similarity;
  c_.distance = as_is.distance;
  align("weights");
  if (p_.heard.batches > 0) align("activations");
  c_.paths.push_back(walk("unaligned", b_, false));
  std::size_t best = 0;
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < arrangements_.size(); ++i) {
    const std::string& method = c_.alignments[i].method;
    c_.paths.push_back(walk("aligned by " + method, b_as(arrangements_[i]), false));
    c_.paths.back().method = method;
    const double barrier = c_.paths.back().parts.front().barrier.value;
    if (i == 0 || barrier < lowest) {
      best = i;
      lowest = barrier;
    }
  }
  c_.chosen = c_.alignments[best].method;
  put_moved(arrangements_[best]);
  for (std::size_t i = 0; i < arrangements_.size() && p_.repaired; ++i) {
    const std::string& method = c_.alignments[i].method;
    c_.paths.push_back(walk("aligned by " + method + ", statistics repaired", b_as(arrangements_[i]), true));
    c_.paths.back().method = method;
  }
  if (p_.outputs) {
    const at::Tensor before = p_.outputs(b_), after = p_.outputs(b_as(arrangements_[best]));
    c_.function_change = (after - before).abs().max().item<double>() / before.abs().max().item<double>();
  }
  const auto& loss = c_.paths.front().parts.front().loss;
  c_.learnt = c_.constant_loss - 0.5 * (loss.front() + loss.back());
}

}  // namespace

Connection connect(const ConnectionProblem& problem, const ConnectOptions& options) {
  check(problem, options);
  const at::NoGradGuard no_grad;
  const auto start = Clock::now();
  Connecting connecting(problem, options);
  connecting.run();
  connecting.put_cost(since(start));
  return connecting.result();
}

}  // namespace thalweg
