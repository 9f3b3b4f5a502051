// What follows from an optimizer's description, against what torch.optim does (tests/reference/described_golden.py) and
// by closed forms where torch has none.
#include "thalweg/optim/described_optimizer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "test_paths.h"
#include "tests/optim/optimizers.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Options = std::map<std::string, double>;

const json& golden() {
  static const json text =
      json::parse(std::ifstream(std::string(test_paths::kSource) + "/tests/optim/described_golden.json"));
  return text;
}

// An optimizer as one line describes it: state(i) is the i-th of `states`, or none.
struct Told {
  Description description;
  std::vector<DescribedState> states;
  std::vector<at::Tensor> parameters;
};

DescribedOptimizer view(Told told) {
  told.description.parameters = told.parameters.size();
  auto kept = std::make_shared<Told>(std::move(told));
  return DescribedOptimizer(
      {.describe = [kept] { return kept->description; },
       .state = [kept](std::size_t i) { return i < kept->states.size() ? kept->states[i] : DescribedState{}; },
       .parameters = kept->parameters});
}

// One group with two parameters of two entries.
Told told(const std::string& kind, const Options& options, const std::vector<DescribedState>& states = {}) {
  return {
      .description = {.module = "torch.optim.x", .kind = kind, .groups = {{.options = options, .parameters = {0, 1}}}},
      .states = states,
      .parameters = {at::zeros({2}), at::zeros({2})}};
}

const Options kAdam{{"lr", 0.1}, {"beta1", 0.9}, {"beta2", 0.99}, {"eps", 1e-8}};

Options with(Options options, const std::string& name, double value) {
  options[name] = value;
  return options;
}

DescribedState adam_state(double steps, const at::Tensor& v) {
  return {.steps = steps, .tensors = {{"exp_avg_sq", v}}};
}

// ---------------------------------------------------------------------------------------------- against torch.optim

at::Tensor tensor_of(const json& nested) {
  if (nested.is_number()) return at::scalar_tensor(nested.get<double>(), at::kDouble);
  std::vector<at::Tensor> rows;
  for (const json& row : nested) rows.push_back(tensor_of(row));
  return at::stack(rows);
}

Told told_by(const json& golden_case) {
  Told all{.description = {.module = golden_case["module"], .kind = golden_case["kind"]}};
  for (std::size_t i = 0; i < golden_case["groups"].size(); ++i) {
    all.description.groups.push_back({.options = golden_case["groups"][i].get<Options>(), .parameters = {i}});
    all.parameters.push_back(at::zeros(golden_case["shapes"][i].get<std::vector<std::int64_t>>(), at::kDouble));
    const json& state = golden_case["states"][i];
    DescribedState read{.steps = state["steps"], .mu_product = state["mu_product"]};
    for (const auto& [name, values] : state["tensors"].items()) read.tensors[name] = tensor_of(values);
    all.states.push_back(read);
  }
  return all;
}

void expect_golden(const json& golden_case) {
  const DescribedOptimizer optimizer = view(told_by(golden_case));
  const auto p = optimizer.preconditioner(), moments = optimizer.second_moments();
  for (std::size_t i = 0; i < p.size(); ++i) {
    const at::Tensor expected = tensor_of(golden_case["preconditioners"][i]);
    EXPECT_EQ(p[i].sizes(), at::IntArrayRef(golden_case["shapes"][i].get<std::vector<std::int64_t>>()));
    EXPECT_TRUE(at::allclose(p[i].flatten().to(at::kDouble), expected, 1e-10, 0.0)) << p[i].flatten() << expected;
  }
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const json& expected = golden_case["second_moments"][i];
    ASSERT_EQ(moments[i].defined(), !expected.is_null());
    if (moments[i].defined()) EXPECT_TRUE(at::allclose(moments[i].flatten(), tensor_of(expected), 1e-10, 0.0));
  }
}

class GoldenPreconditioner : public ::testing::TestWithParam<std::string> {};
class GoldenLimit : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> names(const std::string& of) {
  std::vector<std::string> all;
  for (const auto& [name, value] : golden()[of].items()) all.push_back(name);
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, GoldenPreconditioner, ::testing::ValuesIn(names("preconditioners")),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(All, GoldenLimit, ::testing::ValuesIn(names("limits")),
                         [](const auto& info) { return info.param; });

// The second group goes by a quarter of the first's rate: its P is fourfold.
TEST_P(GoldenPreconditioner, IsWhatTheStepDividesBy) { expect_golden(golden()["preconditioners"][GetParam()]); }

// The weights of the golden quadratics are so small that v is 0, and eps = 1.
TEST_P(GoldenLimit, LiesBetweenTheCurvatureThatDiesOutAndTheOneThatGrows) {
  const json& run = golden()["limits"][GetParam()];
  Told all{.description = {.module = run["module"],
                           .kind = run["kind"],
                           .groups = {{.options = run["groups"][0].get<Options>(), .parameters = {0}}}},
           .states = {{.steps = run["steps"], .mu_product = run["mu_product"]}},
           .parameters = {at::zeros({1}, at::kDouble)}};
  for (const auto* name : {"exp_avg_sq", "max_exp_avg_sq", "square_avg", "grad_avg", "sum"}) {
    all.states[0].tensors[name] = at::zeros({1}, at::kDouble);
  }
  const DescribedOptimizer optimizer = view(all);
  const auto limit = optimizer.stability_limit();
  ASSERT_TRUE(limit.has_value()) << optimizer.why();
  const double curvature = limit->eigenvalue * optimizer.preconditioner()[0].item<double>() - limit->added_curvature;
  EXPECT_GT(curvature, run["stable"].get<double>());
  EXPECT_LT(curvature, run["unstable"].get<double>());
  EXPECT_EQ(optimizer.why(), "");
  EXPECT_EQ(limit->caveat, "");
  EXPECT_NE(limit->formula, "");
}

TEST(Radam, BeforeItIsRectifiedItDividesByNothing) {
  Told all = told_by(golden()["unrectified"]["radam"]);
  const auto p = view(all).preconditioner();
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_TRUE(at::allclose(p[i].flatten().to(at::kDouble),
                             tensor_of(golden()["unrectified"]["radam"]["preconditioners"][i]), 1e-12, 0.0));
    EXPECT_FALSE(view(all).second_moments()[i].defined());
  }
  all.states.clear();
  EXPECT_TRUE(view(all).preconditioner()[0].defined()) << "it needs no state";
}

// --------------------------------------------------------------------------------------------------------- in words

TEST(DescribedLimit, SaysWhichItIsAndWhoFoundIt) {
  const auto limit = view(told("SGD", {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.01}})).stability_limit();
  EXPECT_DOUBLE_EQ(limit->eigenvalue, 38.0);
  EXPECT_DOUBLE_EQ(limit->added_curvature, 0.01);
  EXPECT_EQ(limit->optimizer, "heavy ball");
  EXPECT_EQ(limit->formula, "(2 + 2μ)/ε");
  EXPECT_EQ(limit->source, "Cohen et al. 2021");
}

// The step that comes first divides m by 1 − β₁, which is all of m's gradient.
TEST(DescribedLimit, OfAdamsFirstStepIsSmaller) {
  EXPECT_NEAR(view(told("Adam", kAdam)).stability_limit()->eigenvalue, 3.8 / 0.1, 1e-9);
  const at::Tensor v = at::ones({2});
  EXPECT_NEAR(view(told("Adam", kAdam, {adam_state(1e6, v), {}})).stability_limit()->eigenvalue, 380.0, 1e-9)
      << "the parameter that was never stepped does not count";
}

TEST(DescribedLimit, AtTheEndsOfTheOptions) {
  EXPECT_TRUE(std::isinf(view(told("SGD", {{"lr", 0.0}})).stability_limit()->eigenvalue));
  const auto never = view(told("SGD", {{"lr", 0.1}, {"momentum", 1.0}})).stability_limit();
  EXPECT_EQ(never->eigenvalue, 0.0);
  EXPECT_THAT(never->caveat, HasSubstr("at no rate"));
}

std::string why(const Told& all) {
  const DescribedOptimizer optimizer = view(all);
  EXPECT_FALSE(optimizer.stability_limit().has_value());
  return optimizer.why();
}

TEST(NoLimit, IsSaidOfWhatHasNone) {
  for (const auto* kind : {"Adadelta", "Rprop", "Adamax", "ASGD", "LBFGS", "Muon", "Adafactor", "SparseAdam"}) {
    const Told all = told(kind, {{"lr", 0.1}});
    EXPECT_THAT(why(all), HasSubstr("no stability limit is known of torch.optim." + std::string(kind)));
    EXPECT_TRUE(view(all).preconditioner().empty());
    EXPECT_FALSE(view(all).second_moments()[0].defined());
  }
}

TEST(NoLimit, OfANamesakeFromElsewhere) {
  Told all = told("AdamW", kAdam, {adam_state(1.0, at::ones({2}))});
  all.description.module = "bitsandbytes.optim.adamw";
  EXPECT_THAT(why(all), AllOf(HasSubstr("bitsandbytes.optim.adamw.AdamW"), HasSubstr("only torch.optim's own")));
  EXPECT_TRUE(view(all).preconditioner().empty());
  all.description.module = "torch.optimizers_of_mine";
  EXPECT_FALSE(view(all).stability_limit().has_value());
}

TEST(NoLimit, WhereTheObjectiveIsMaximised) {
  Told all = told("SGD", {{"lr", 0.1}, {"maximize", 1.0}});
  EXPECT_THAT(why(all), HasSubstr("torch.optim.SGD maximises"));
  EXPECT_TRUE(view(all).preconditioner()[0].defined());
}

TEST(NoLimit, AtARateThatIsNone) {
  EXPECT_THAT(why(told("SGD", {{"lr", std::numeric_limits<double>::quiet_NaN()}})), HasSubstr("learning rate nan"));
  EXPECT_THAT(why(told("SGD", {{"lr", -1.0}})), HasSubstr("learning rate -1"));
  EXPECT_THAT(why(told("SGD", {{"lr", 0.1}, {"momentum", 0.9}, {"dampening", 1.0}})), HasSubstr("dampening of 1"));
}

// Chen et al. 2023: u = −ε sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g. There is no curvature from which on it
// grows: at each the weight ends in a swing of a few ε.
TEST(NoLimit, OfLionWhichSwingsAtAnyCurvatureAndGrowsAtNone) {
  Told all = told("Lion", {{"lr", 0.01}, {"beta1", 0.9}, {"beta2", 0.99}});
  all.description.module = "lion_pytorch.lion_pytorch";
  EXPECT_THAT(why(all), AllOf(HasSubstr("lion_pytorch.lion_pytorch.Lion"), HasSubstr("blow up at none")));
  for (const double curvature : {1e-3, 1.0, 1e3, 1e9}) {
    double weight = 1.0, m = 0.0, largest = 0.0;
    for (int t = 0; t < 4000; ++t) {
      const double g = curvature * weight, direction = 0.9 * m + 0.1 * g;
      weight -= 0.01 * (direction > 0.0 ? 1.0 : direction < 0.0 ? -1.0 : 0.0);
      m = 0.99 * m + 0.01 * g;
      if (t >= 2000) largest = std::max(largest, std::abs(weight));
    }
    EXPECT_GE(largest, 0.004) << curvature;
    EXPECT_LE(largest, 0.4) << curvature;
  }
}

// ------------------------------------------------------------------------------------------------------------ groups

Told in_groups(const std::string& kind, const Options& first, const Options& second) {
  Told all = told(kind, first);
  all.description.groups = {{.options = first, .parameters = {0}}, {.options = second, .parameters = {1}}};
  return all;
}

TEST(Groups, GoByTheirShareOfTheFirstsRate) {
  const auto p = view(in_groups("SGD", {{"lr", 0.2}}, {{"lr", 0.05}})).preconditioner();
  EXPECT_TRUE(at::equal(p[0], at::ones({2})));
  EXPECT_TRUE(at::allclose(p[1], at::full({2}, 4.0)));
}

TEST(Groups, OfRateZeroAreFrozenAndTheFirstThatMovesSaysTheRate) {
  const DescribedOptimizer optimizer = view(in_groups("SGD", {{"lr", 0.0}}, {{"lr", 0.05}}));
  EXPECT_EQ(optimizer.learning_rate(), 0.05);
  EXPECT_TRUE(optimizer.preconditioner()[0].isinf().all().item<bool>());
  EXPECT_TRUE(at::equal(optimizer.preconditioner()[1], at::ones({2})));
  EXPECT_DOUBLE_EQ(optimizer.stability_limit()->eigenvalue, 40.0);
}

// As a warm-up begins: nothing is frozen beside the rest.
TEST(Groups, AllOfRateZeroKeepTheirP) {
  const DescribedOptimizer optimizer = view(in_groups("SGD", {{"lr", 0.0}}, {{"lr", 0.0}}));
  EXPECT_EQ(optimizer.learning_rate(), 0.0);
  EXPECT_TRUE(at::equal(optimizer.preconditioner()[1], at::ones({2})));
}

TEST(Groups, WithoutWatchedParametersDoNotCount) {
  Told all = in_groups("SGD", {{"lr", 9.0}, {"maximize", 1.0}}, {{"lr", 0.05}});
  all.description.groups[0].parameters.clear();
  const DescribedOptimizer optimizer = view(all);
  EXPECT_EQ(optimizer.learning_rate(), 0.05);
  EXPECT_DOUBLE_EQ(optimizer.stability_limit()->eigenvalue, 40.0);
  EXPECT_THAT(optimizer.steps(), ElementsAre(false, true));
  EXPECT_TRUE(optimizer.preconditioner()[0].isinf().all().item<bool>()) << "what is not stepped stands still";
}

TEST(Groups, ThatStepNoWatchedParameterLeaveNothingToSay) {
  Told all = told("SGD", {{"lr", 0.1}});
  all.description.groups[0].parameters.clear();
  EXPECT_THAT(why(all), HasSubstr("steps none of the watched parameters"));
  EXPECT_TRUE(std::isnan(view(all).learning_rate()));
}

TEST(Groups, ThatDifferAreJudgedByTheLeastLimitAndTheLargestDecay) {
  const auto limit =
      view(in_groups("SGD", {{"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 0.5}}, {{"lr", 0.1}})).stability_limit();
  EXPECT_DOUBLE_EQ(limit->eigenvalue, 20.0);
  EXPECT_DOUBLE_EQ(limit->added_curvature, 0.5);
  EXPECT_THAT(limit->caveat, AllOf(HasSubstr("from 20 to 38: the least"), HasSubstr("from 0 to 0.5: the largest")));
}

// Two groups, coupled by H: below the least of their limits nothing grows, above the largest something does.
TEST(Groups, TogetherAreStableBelowTheLeastLimitAndNotAboveTheLargest) {
  const double rate = 0.1;
  const at::Tensor keep = at::tensor({0.9, 0.9, 0.2, 0.2}, at::kDouble);
  for (const double seed : {1.0, 2.0, 3.0, 4.0, 5.0}) {
    const at::Tensor a = testing::numbers({4, 4}, seed, at::kDouble);
    const at::Tensor h = a.t().mm(a) + 0.01 * at::eye(4, at::kDouble);
    const double top = std::get<0>(at::linalg_eigh(h)).max().item<double>();
    const Options first{{"lr", rate}, {"momentum", 0.9}}, second{{"lr", rate}, {"momentum", 0.2}};
    const double least = view(in_groups("SGD", first, second)).stability_limit()->eigenvalue;
    const double largest = view(in_groups("SGD", first, first)).stability_limit()->eigenvalue;
    for (const double eigenvalue : {0.98 * least, 1.02 * largest}) {
      at::Tensor weight = testing::numbers({4}, seed + 9.0, at::kDouble), m = at::zeros({4}, at::kDouble);
      for (int t = 0; t < 3000; ++t) {
        m = keep * m + h.mv(weight) * (eigenvalue / top);
        weight = weight - rate * m;
      }
      EXPECT_EQ(weight.norm().item<double>() < 1.0, eigenvalue < least) << seed << ": " << eigenvalue;
    }
  }
}

// ------------------------------------------------------------------------------------------------- states, and errors

TEST(DescribedState, ThatIsNotThereYetLeavesPUndefinedForThatParameterAlone) {
  for (const auto* kind : {"Adam", "AdamW", "NAdam", "RMSprop", "Adagrad"}) {
    const Options options = with(with(kAdam, "alpha", 0.99), "momentum_decay", 4e-3);
    const at::Tensor v = at::full({2}, 4.0);
    const DescribedState state{.steps = 3.0, .tensors = {{"exp_avg_sq", v}, {"square_avg", v}, {"sum", v}}};
    const auto p = view(told(kind, options, {{}, state})).preconditioner();
    EXPECT_FALSE(p[0].defined()) << kind;
    EXPECT_TRUE(p[1].defined()) << kind;
  }
}

TEST(DescribedState, OfHalfPrecisionIsReadInFloat) {
  const at::Tensor v = at::full({2}, 1e-7, at::kHalf);  // a subnormal: its corrected root is not
  const Told all = told("Adam", kAdam, {adam_state(1.0, v), {}});
  EXPECT_EQ(view(all).second_moments()[0].scalar_type(), at::kFloat);
  EXPECT_NEAR(view(all).preconditioner()[0][0].item<double>(), std::sqrt(v[0].item<double>() / 0.01), 1e-7);
}

TEST(DescribedState, ThatIsNotFiniteIsShownAsItIs) {
  const auto p = view(told("Adam", kAdam, {adam_state(1.0, at::full({2}, std::nan(""))), {}})).preconditioner();
  EXPECT_TRUE(p[0].isnan().all().item<bool>());
}

TEST(Described, NothingOfItIsChangedByLooking) {
  const at::Tensor v = at::tensor({1.0, 2.0});
  const at::Tensor before = v.clone();
  const DescribedOptimizer optimizer = view(told("Adam", kAdam, {adam_state(5.0, v), adam_state(5.0, v)}));
  optimizer.preconditioner();
  optimizer.second_moments();
  EXPECT_TRUE(testing::same_bits(v, before));
}

TEST(Described, IsNamedAsItsUsersNameIt) {
  Told all = told("AdamW", kAdam);
  all.description.module = "torch.optim.adamw";
  EXPECT_EQ(view(all).name(), "torch.optim.AdamW");
  all.description.module = "torch::optim";
  EXPECT_EQ(view(all).name(), "torch::optim::AdamW");
  all.description.module = "__main__";
  EXPECT_EQ(view(all).name(), "__main__.AdamW");
  all.description.module = "";
  EXPECT_EQ(view(all).name(), "AdamW");
  EXPECT_FALSE(view(all).repeats_closure());
  all.description.repeats_closure = true;
  EXPECT_TRUE(view(all).repeats_closure());
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(DescribedErrors, NameWhatIsMissing) {
  Options options = kAdam;
  options.erase("beta2");
  const Told all = told("Adam", options, {adam_state(1.0, at::ones({2})), {}});
  EXPECT_THAT(refusal([&] { view(all).preconditioner(); }), HasSubstr("'beta2'"));
  EXPECT_THAT(refusal([&] { view(told("SGD", {})).stability_limit(); }), HasSubstr("'lr'"));
  EXPECT_THAT(refusal([] {
                DescribedOptimizer({.describe = [] { return Description{.kind = "SGD", .parameters = 2}; },
                                    .state = [](std::size_t) { return DescribedState{}; },
                                    .parameters = {at::ones({1})}});
              }),
              AllOf(HasSubstr("2 watched parameters"), HasSubstr("1 are given")));
}

}  // namespace
}  // namespace thalweg
