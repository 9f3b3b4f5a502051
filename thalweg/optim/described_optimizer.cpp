#include "thalweg/optim/described_optimizer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "thalweg/optim/described_rules.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

std::string full_name(const Description& d) {
  if (d.module == "torch::optim") return "torch::optim::" + d.kind;
  // "torch.optim.adamw" is where torch keeps what its users call torch.optim.AdamW.
  if (d.module.starts_with("torch.optim")) return "torch.optim." + d.kind;
  return d.module.empty() ? d.kind : d.module + "." + d.kind;
}

// The first group that goes by a rate: its rate is ε. The first of all where none does; null where there is none.
const DescribedGroup* leading_group(const Description& d) {
  const DescribedGroup* first = nullptr;
  for (const DescribedGroup& group : d.groups) {
    if (group.parameters.empty()) continue;
    if (OptionReader(group.options).optional("lr") != 0.0) return &group;
    if (first == nullptr) first = &group;
  }
  return first;
}

double leading_rate(const Description& d) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const DescribedGroup* group = leading_group(d);
  return group == nullptr || !group->options.contains("lr") ? kNone : group->options.at("lr");
}

// The share of ε that a group goes by. At ε = 0 all stand still, and none is said to be frozen beside the others.
double share(const DescribedGroup& group, double rate) {
  return rate == 0.0 ? 1.0 : OptionReader(group.options).required("lr") / rate;
}

// Of a group's parameters, what the one has made that was stepped most: others had no gradient now and then.
StepsMade furthest(const DescribedGroup& group, const DescribedOptimizer::Source& source) {
  StepsMade made;
  for (const std::size_t i : group.parameters) {
    const DescribedState state = source.state(i);
    if (state.steps > made.steps) made = {.steps = state.steps, .mu_product = state.mu_product};
  }
  return made;
}

// Why an optimizer that torch does not have, or has without a known limit, has none.
std::string no_limit(const Description& d) {
  const std::string name = full_name(d);
  if (known_optimizer("torch.optim", d.kind)) {
    return fmt::format("no stability limit is known of {}: only torch.optim's own {} is known", name, d.kind);
  }
  if (d.kind == "Lion" || d.kind.ends_with("::Lion")) {
    return fmt::format(
        "{} has no stability limit: it steps by signs, so that its weights swing by about the rate at any curvature, "
        "and blow up at none",
        name);
  }
  return fmt::format("no stability limit is known of {}", name);
}

// What of a group forbids a limit; "" for nothing.
std::string objection(const Description& d, const OptionReader& options) {
  const double lr = options.required("lr");
  if (!(lr >= 0.0) || !std::isfinite(lr)) {
    return fmt::format("{} has no stability limit at the learning rate {}", full_name(d), lr);
  }
  if (options.flag("maximize")) {
    return fmt::format("{} maximises: its stability limit would be one of -L, and the curvature is that of L",
                       full_name(d));
  }
  const double dampening = options.optional("dampening");
  if (options.optional("momentum") != 0.0 && dampening >= 1.0) {
    return fmt::format("no stability limit is known of {} at a dampening of {}: it does not follow the gradient",
                       full_name(d), dampening);
  }
  return "";
}

// What is known of one group.
struct GroupLimit {
  double eigenvalue = 0.0;
  double added_curvature = 0.0;
  double keep = 0.0;
};

GroupLimit group_limit(KnownOptimizer kind, const DescribedGroup& group, double rate,
                       const DescribedOptimizer::Source& source) {
  const OptionReader options(group.options);
  const StepRecursion step = recursion(kind, options, rate, furthest(group, source));
  return {.eigenvalue = largest_stable(step),
          .added_curvature = decouples_decay(kind, options) ? 0.0 : options.optional("weight_decay"),
          .keep = step.keep};
}

// Below the least of the groups' limits, with the most of their added curvatures, all of them are stable together.
StabilityLimit common_limit(const std::vector<GroupLimit>& groups, LimitWords words) {
  const auto by_limit = [](const GroupLimit& a, const GroupLimit& b) { return a.eigenvalue < b.eigenvalue; };
  const auto by_decay = [](const GroupLimit& a, const GroupLimit& b) { return a.added_curvature < b.added_curvature; };
  const auto [least, largest] = std::minmax_element(groups.begin(), groups.end(), by_limit);
  const auto [mildest, hardest] = std::minmax_element(groups.begin(), groups.end(), by_decay);
  std::string caveat;
  if (least->keep >= 1.0) caveat += "A momentum of 1 or more is stable at no rate. ";
  if (largest->eigenvalue > least->eigenvalue * (1.0 + 1e-9)) {
    caveat += fmt::format("The groups' own limits go from {:.4g} to {:.4g}: the least is taken. ", least->eigenvalue,
                          largest->eigenvalue);
  }
  if (hardest->added_curvature > mildest->added_curvature) {
    caveat += fmt::format("The groups' weight decays go from {:.4g} to {:.4g}: the largest is taken. ",
                          mildest->added_curvature, hardest->added_curvature);
  }
  if (!caveat.empty()) caveat.pop_back();
  return {.eigenvalue = least->eigenvalue,
          .added_curvature = hardest->added_curvature,
          .optimizer = std::move(words.optimizer),
          .formula = std::move(words.formula),
          .source = std::move(words.source),
          .caveat = std::move(caveat)};
}

struct Verdict {
  std::optional<StabilityLimit> limit;
  std::string why;
};

Verdict judge(const DescribedOptimizer::Source& source) {
  const Description d = source.describe();
  const auto kind = known_optimizer(d.module, d.kind);
  if (!kind) return {.limit = std::nullopt, .why = no_limit(d)};
  const DescribedGroup* leader = leading_group(d);
  if (leader == nullptr) return {.limit = std::nullopt, .why = full_name(d) + " steps none of the watched parameters"};
  const double rate = leading_rate(d);
  std::vector<GroupLimit> limits;
  for (const DescribedGroup& group : d.groups) {
    if (group.parameters.empty()) continue;
    const OptionReader options(group.options);
    if (std::string why = objection(d, options); !why.empty()) return {.limit = std::nullopt, .why = std::move(why)};
    if (options.required("lr") == 0.0 && rate != 0.0) continue;  // frozen: P takes it out
    limits.push_back(group_limit(*kind, group, rate, source));
  }
  return {.limit = common_limit(limits, limit_words(*kind, OptionReader(leader->options))), .why = ""};
}

// make(its group, its number) of each parameter that is stepped; of the others undefined.
template <class Make>
std::vector<at::Tensor> each_stepped(const Description& d, const Make& make) {
  std::vector<at::Tensor> made(d.parameters);
  for (const DescribedGroup& group : d.groups) {
    for (const std::size_t i : group.parameters) made.at(i) = make(group, i);
  }
  return made;
}

std::vector<bool> stepped(const Description& d) {
  std::vector<bool> is(d.parameters, false);
  for (const DescribedGroup& group : d.groups) {
    for (const std::size_t i : group.parameters) is.at(i) = true;
  }
  return is;
}

at::Tensor frozen(const at::Tensor& weight) {
  return at::full_like(weight.detach(), std::numeric_limits<double>::infinity(),
                       at::promote_types(weight.scalar_type(), at::kFloat));
}

}  // namespace

DescribedOptimizer::DescribedOptimizer(Source source) : source_(std::move(source)) {
  const std::size_t described = source_.describe().parameters, given = source_.parameters.size();
  if (described != given) {
    throw UsageError(
        fmt::format("an optimizer is described for {} watched parameters, and {} are given", described, given));
  }
}

std::string DescribedOptimizer::name() const { return full_name(source_.describe()); }

double DescribedOptimizer::learning_rate() const { return leading_rate(source_.describe()); }

std::vector<bool> DescribedOptimizer::steps() const { return stepped(source_.describe()); }

bool DescribedOptimizer::repeats_closure() const { return source_.describe().repeats_closure; }

std::optional<StabilityLimit> DescribedOptimizer::stability_limit() const { return judge(source_).limit; }

std::string DescribedOptimizer::why() const { return judge(source_).why; }

std::vector<at::Tensor> DescribedOptimizer::preconditioner() const {
  const at::NoGradGuard no_grad;
  const Description d = source_.describe();
  const auto kind = known_optimizer(d.module, d.kind);
  if (!kind) return {};
  const double rate = leading_rate(d);
  std::vector<at::Tensor> all = each_stepped(d, [&](const DescribedGroup& group, std::size_t i) {
    const double part = share(group, rate);
    if (part == 0.0) return frozen(source_.parameters[i]);
    at::Tensor p = diagonal(*kind, OptionReader(group.options), source_.state(i), source_.parameters[i]);
    return p.defined() ? p.div_(part) : p;
  });
  const std::vector<bool> is_stepped = stepped(d);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!is_stepped[i]) all[i] = frozen(source_.parameters[i]);
  }
  return all;
}

std::vector<at::Tensor> DescribedOptimizer::second_moments() const {
  const at::NoGradGuard no_grad;
  const Description d = source_.describe();
  const auto kind = known_optimizer(d.module, d.kind);
  if (!kind) return std::vector<at::Tensor>(d.parameters);
  return each_stepped(d, [&](const DescribedGroup& group, std::size_t i) {
    return second_moment(*kind, OptionReader(group.options), source_.state(i));
  });
}

}  // namespace thalweg
