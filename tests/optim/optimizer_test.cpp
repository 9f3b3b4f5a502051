#include "thalweg/optim/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "test_paths.h"
#include "tests/optim/optimizers.h"
#include "tests/reference/optimizer_reference.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::every_optimizer;
using testing::NamedOptions;
using testing::numbers;
using testing::parameter;
using testing::same_bits;
using testing::set_gradient;

// Small steps by the hundred: threads would only wait for each other, save where a test asks for them.
class OneThread final : public ::testing::Environment {
 public:
  void SetUp() override { at::set_num_threads(1); }
};
const ::testing::Environment* const kOneThread = ::testing::AddGlobalTestEnvironment(new OneThread);

std::vector<double> to_vector(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

void run_steps(Optimizer& optimizer, int steps, double lr, int from = 0) {
  for (int t = from; t < from + steps; ++t) {
    for (std::size_t i = 0; i < optimizer.parameters().size(); ++i) {
      const at::Tensor& weight = optimizer.parameters()[i].second;
      set_gradient(weight, numbers(weight.sizes(), 10.0 * t + static_cast<double>(i), weight.scalar_type()));
    }
    optimizer.step(lr);
  }
}

class EveryOptimizer : public ::testing::TestWithParam<NamedOptions> {};
INSTANTIATE_TEST_SUITE_P(All, EveryOptimizer, ::testing::ValuesIn(every_optimizer()),
                         [](const auto& info) { return info.param.name; });

// ---- the formulas

class Golden : public ::testing::TestWithParam<NamedOptions> {};
INSTANTIATE_TEST_SUITE_P(TorchOptim, Golden, ::testing::ValuesIn(every_optimizer()),
                         [](const auto& info) { return info.param.name; });

void expect_golden(const nlohmann::json& golden, const NamedOptions& named, at::ScalarType type, double clip) {
  const std::string key =
      named.name + (type == at::kFloat ? "/float32/" : "/float64/") + (clip > 0.0 ? "clipped" : "free");
  SCOPED_TRACE(key);
  const auto at_start = at::tensor(golden["weights"].get<std::vector<double>>(), at::kDouble).to(type);
  const at::Tensor matrix = parameter(at_start.slice(0, 0, 15).reshape({3, 5})),
                   vector = parameter(at_start.slice(0, 15));
  recipe::Optimizer options = named.options;
  options.clip_norm = clip;
  options.groups = {{.match = "vec*", .lr = options.lr / 4, .weight_decay = 0.0}};
  const auto optimizer = make_optimizer(options, {{"matrix", matrix}, {"vector", vector}});
  const auto& path = golden["paths"][key];
  for (std::size_t t = 0; t < golden["gradients"].size(); ++t) {
    const auto g = at::tensor(golden["gradients"][t].get<std::vector<double>>(), at::kDouble).to(type);
    set_gradient(matrix, g.slice(0, 0, 15).reshape({3, 5}).clone());
    set_gradient(vector, g.slice(0, 15).clone());
    optimizer->step(options.lr);
    if (t != 0 && t + 1 != golden["gradients"].size()) continue;
    const auto expected = path[t == 0 ? 0 : 1].get<std::vector<double>>();
    const at::Tensor now = at::cat({matrix.detach().flatten(), vector.detach()}).to(at::kDouble);
    const double tolerance = type == at::kFloat ? 2e-6 : 1e-12;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(now[static_cast<std::int64_t>(i)].item<double>(), expected[i],
                  tolerance * (1.0 + std::abs(expected[i])))
          << i;
    }
  }
}

TEST_P(Golden, StepsAsTorchDoes) {
  std::ifstream file(std::string(test_paths::kSource) + "/tests/optim/optimizer_golden.json");
  const auto golden = nlohmann::json::parse(file);
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    for (const double clip : {0.0, 2.5}) expect_golden(golden, GetParam(), type, clip);
  }
}

// Lengths around the vector width and the chunk.
TEST_P(EveryOptimizer, AgreesWithTheFormulasInDouble) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    for (const std::int64_t size : {1, 7, 8, 9, 8191, 8192, 8193, 20000}) {
      SCOPED_TRACE(::testing::Message() << size << " " << at::toString(type));
      const at::Tensor weight = parameter(numbers({size}, 0.5, type));
      const auto optimizer = make_optimizer(GetParam().options, {{"w", weight}});
      reference::PlainOptimizer plain(GetParam().options, to_vector(weight));
      for (int t = 0; t < 4; ++t) {
        const at::Tensor gradient = numbers({size}, t, type);
        set_gradient(weight, gradient);
        optimizer->step(GetParam().options.lr * (t + 1));
        plain.step(to_vector(gradient), GetParam().options.lr * (t + 1));
      }
      const auto expected = at::tensor(plain.weights(), at::kDouble);
      const double error = (weight.detach().to(at::kDouble) - expected).abs().max().item<double>();
      EXPECT_LT(error, type == at::kFloat ? 3e-6 : 1e-13);
    }
  }
}

TEST_P(EveryOptimizer, SumsAreThoseOfWhatHappened) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor a = parameter(numbers({9000}, 0.1, type)), b = parameter(numbers({3, 5}, 0.2, type));
    const auto optimizer = make_optimizer(GetParam().options, {{"a", a}, {"b", b}});
    run_steps(*optimizer, 2, 0.01);
    const at::Tensor a_old = a.detach().clone(), b_old = b.detach().clone();
    const auto sums = optimizer->step(0.02);
    const double tolerance = type == at::kFloat ? 1e-6 : 1e-13;
    const auto expect = [tolerance](const StepSums& s, const at::Tensor& now, const at::Tensor& old) {
      const at::Tensor g = now.grad().to(at::kDouble), w = now.detach().to(at::kDouble),
                       u = (now.detach() - old).to(at::kDouble);
      const auto near = [tolerance](double value, const at::Tensor& terms) {
        EXPECT_NEAR(value, terms.sum().item<double>(), tolerance * terms.abs().sum().item<double>());
      };
      near(s.gradient_sq, g * g);
      near(s.weight_sq, w * w);
      near(s.update_sq, u * u);
      near(s.gradient_update, g * u);
    };
    expect(sums[0], a, a_old);
    expect(sums[1], b, b_old);
  }
}

TEST_P(EveryOptimizer, DoesNotDependOnTheThreads) {
  const int before = at::get_num_threads();
  std::vector<std::vector<StepSums>> sums;
  std::vector<at::Tensor> weights;
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    const at::Tensor a = parameter(numbers({300, 1000}, 0.1)), b = parameter(numbers({77}, 0.2));
    const auto optimizer = make_optimizer(GetParam().options, {{"a", a}, {"b", b}});
    run_steps(*optimizer, 3, 0.01);
    sums.push_back(optimizer->step(0.01));
    weights.push_back(a);
  }
  at::set_num_threads(before);
  for (std::size_t i = 1; i < sums.size(); ++i) {
    EXPECT_TRUE(same_bits(weights[i], weights[0]));
    EXPECT_EQ(std::memcmp(sums[i].data(), sums[0].data(), sums[0].size() * sizeof(StepSums)), 0);
  }
}

// What rounds alike entry by entry may be laid out in any way.
TEST_P(EveryOptimizer, TakesAnyLayoutOfMemory) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor plain = parameter(numbers({60, 40}, 0.3, type));
    const at::Tensor turned = numbers({60, 40}, 0.3, type).t().contiguous().t().requires_grad_();
    const at::Tensor strided = at::zeros({60, 80}, type).slice(1, 0, 80, 2).copy_(plain.detach()).requires_grad_();
    for (const at::Tensor& other : {turned, strided}) {
      ASSERT_FALSE(other.is_contiguous());
      const at::Tensor start = parameter(numbers({60, 40}, 0.3, type));
      const auto one = make_optimizer(GetParam().options, {{"w", start}});
      const auto two = make_optimizer(GetParam().options, {{"w", other}});
      run_steps(*one, 3, 0.01);
      run_steps(*two, 3, 0.01);
      EXPECT_TRUE(same_bits(start, other));
    }
  }
}

TEST_P(EveryOptimizer, ASplitParameterStepsAsTheWhole) {
  const at::Tensor whole = parameter(numbers({10007}, 0.4)), left = parameter(whole.slice(0, 0, 333)),
                   right = parameter(whole.slice(0, 333));
  const auto one = make_optimizer(GetParam().options, {{"whole", whole}});
  const auto two = make_optimizer(GetParam().options, {{"left", left}, {"right", right}});
  for (int t = 0; t < 3; ++t) {
    const at::Tensor gradient = numbers({10007}, t);
    set_gradient(whole, gradient);
    set_gradient(left, gradient.slice(0, 0, 333));
    set_gradient(right, gradient.slice(0, 333));
    one->step(0.01);
    two->step(0.01);
  }
  EXPECT_TRUE(same_bits(whole, at::cat({left.detach(), right.detach()})));
}

// ---- preview

TEST_P(EveryOptimizer, PreviewIsTheStepToComeAndChangesNothing) {
  recipe::Optimizer options = GetParam().options;
  options.clip_norm = 0.5;
  const at::Tensor a = parameter(numbers({9000}, 0.1)), b = parameter(numbers({4, 5}, 0.2, at::kDouble));
  const at::Tensor c = numbers({6, 7}, 0.3).t().requires_grad_(), idle = parameter(numbers({3}, 0.4));
  const auto optimizer = make_optimizer(options, {{"a", a}, {"b", b}, {"c", c}, {"idle", idle}});
  run_steps(*optimizer, 3, 0.01);
  set_gradient(idle, {});
  const std::vector<at::Tensor> weights{a, b, c, idle};
  std::vector<at::Tensor> old;
  std::vector<std::int64_t> versions;
  for (const at::Tensor& w : weights) {
    old.push_back(w.detach().clone());
    versions.push_back(w._version());
  }
  const at::Tensor gradient = a.grad().clone();
  const Optimizer::Named state = optimizer->state();

  const std::vector<at::Tensor> updates = optimizer->preview(0.02);
  EXPECT_TRUE(same_bits(optimizer->state(), state));
  EXPECT_TRUE(same_bits(a.grad(), gradient));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_TRUE(same_bits(weights[i], old[i]));
    EXPECT_EQ(weights[i]._version(), versions[i]);
  }
  optimizer->step(0.02);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_TRUE(same_bits(updates[i], weights[i].detach() - old[i])) << i;
    EXPECT_EQ(weights[i]._version() > versions[i], i != 3);
  }
  EXPECT_FALSE(same_bits(optimizer->state(), state) && GetParam().options.kind != recipe::OptimizerKind::sgd);
}

TEST(Optimizer, AGraphOfOldWeightsIsFoundStale) {
  const at::Tensor w = parameter(numbers({5}, 0.1));
  const auto optimizer = make_optimizer({.kind = recipe::OptimizerKind::sgd, .lr = 0.1}, {{"w", w}});
  const at::Tensor loss = (w * w).sum();
  set_gradient(w, numbers({5}, 0.2));
  optimizer->step(0.1);
  EXPECT_THROW(torch::autograd::backward({loss}, {}), c10::Error);
}

// ---- clipping

TEST(Clipping, ScalesByTheGlobalNormAndLeavesTheGradientAlone) {
  const at::Tensor a = parameter(at::zeros({2})), b = parameter(at::zeros({1}, at::kDouble));
  const auto optimizer =
      make_optimizer({.kind = recipe::OptimizerKind::sgd, .lr = 1.0, .clip_norm = 1.3}, {{"a", a}, {"b", b}});
  set_gradient(a, at::tensor({3.0f, 4.0f}));
  set_gradient(b, at::tensor({12.0}, at::kDouble));
  const auto sums = optimizer->step(1.0);
  const double factor = 1.3 / (13.0 + 1e-6);
  EXPECT_NEAR(a[1].item<double>(), -4.0 * factor, 1e-7);
  EXPECT_NEAR(b[0].item<double>(), -12.0 * factor, 1e-14);
  EXPECT_EQ(sums[0].gradient_sq, 25.0);
  EXPECT_EQ(sums[1].gradient_sq, 144.0);
  EXPECT_EQ(a.grad()[0].item<double>(), 3.0);
}

TEST(Clipping, DoesNothingBelowTheLimit) {
  const at::Tensor free = parameter(numbers({50}, 0.1)), held = parameter(numbers({50}, 0.1));
  const auto one = make_optimizer({.lr = 0.1}, {{"w", free}});
  const auto two = make_optimizer({.lr = 0.1, .clip_norm = 1e6}, {{"w", held}});
  run_steps(*one, 3, 0.1);
  run_steps(*two, 3, 0.1);
  EXPECT_TRUE(same_bits(free, held));
}

// clip_grad_norm_ multiplies by max_norm / inf = 0, and by NaN.
TEST(Clipping, ANormThatIsNotFiniteMakesTheStepSo) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor w = parameter(at::ones({3}, type));
    const auto optimizer =
        make_optimizer({.kind = recipe::OptimizerKind::sgd, .lr = 1.0, .clip_norm = 1.0}, {{"w", w}});
    set_gradient(w, at::tensor({1.0, kInfinity, 2.0}, at::kDouble).to(type));
    optimizer->step(1.0);
    EXPECT_EQ(w[0].item<double>(), 1.0);
    EXPECT_TRUE(std::isnan(w[1].item<double>()));
    set_gradient(w, at::tensor({1.0, std::nan(""), 2.0}, at::kDouble).to(type));
    const auto sums = optimizer->step(1.0);
    EXPECT_TRUE(std::isnan(w[2].item<double>()));
    EXPECT_TRUE(std::isnan(sums[0].gradient_sq));
  }
}

// ---- what a run may bring

// Also where only some of the entries are out of a float's reach, and where the update or the weight is.
TEST(Optimizer, SumsReachWhereSquaresOfFloatsDoNot) {
  for (const double size : {1e-37, 1e-30, 1e-20, 1e-12, 1e12, 1e20, 1e30}) {
    SCOPED_TRACE(size);
    const at::Tensor w = parameter(at::full({3000}, size)), before = w.detach().to(at::kDouble);
    const auto optimizer = make_optimizer({.kind = recipe::OptimizerKind::sgd, .lr = 1.0}, {{"w", w}});
    at::Tensor gradient = numbers({3000}, 0.3) * size;
    gradient.slice(0, 0, 3000, 7).zero_();
    set_gradient(w, gradient);
    const StepSums sums = optimizer->step(0.25)[0];
    const at::Tensor g = gradient.to(at::kDouble), u = w.detach().to(at::kDouble) - before;
    const auto ratio = [](double value, const at::Tensor& terms) { return value / terms.sum().item<double>(); };
    EXPECT_NEAR(ratio(sums.gradient_sq, g * g), 1.0, 1e-6);
    EXPECT_NEAR(ratio(sums.weight_sq, w.detach().to(at::kDouble).square()), 1.0, 1e-6);
    EXPECT_NEAR(ratio(sums.update_sq, u * u), 1.0, 1e-6);
    EXPECT_NEAR(ratio(sums.gradient_update, g * u), 1.0, 1e-6);
  }
}

TEST(Optimizer, AParameterWithoutGradientIsLeftAloneAndKeepsItsOwnCount) {
  const recipe::Optimizer options{.kind = recipe::OptimizerKind::nadamw, .lr = 0.1};
  const at::Tensor late = parameter(numbers({5}, 0.1)), busy = parameter(numbers({5}, 0.1)),
                   fresh = parameter(numbers({5}, 0.1));
  const auto both = make_optimizer(options, {{"late", late}, {"busy", busy}});
  const at::Tensor before = late.detach().clone();
  set_gradient(busy, numbers({5}, 1.0));
  const auto sums = both->step(0.1);
  EXPECT_TRUE(same_bits(late, before));
  EXPECT_EQ(sums[0].weight_sq, 0.0);
  set_gradient(late, numbers({5}, 2.0));
  both->step(0.1);
  const auto one = make_optimizer(options, {{"fresh", fresh}});
  set_gradient(fresh, numbers({5}, 2.0));
  one->step(0.1);
  EXPECT_TRUE(same_bits(late, fresh));
}

TEST(Optimizer, EmptyParametersAndNoParametersAreFine) {
  const at::Tensor w = parameter(at::zeros({0, 3}));
  const auto optimizer = make_optimizer({}, {{"w", w}});
  set_gradient(w, at::zeros({0, 3}));
  EXPECT_EQ(optimizer->step(0.1)[0].weight_sq, 0.0);
  EXPECT_TRUE(make_optimizer({}, {})->step(0.1).empty());
}

TEST(Optimizer, ZeroGradLeavesNoGradient) {
  const at::Tensor w = parameter(at::zeros({2}));
  const auto optimizer = make_optimizer({}, {{"w", w}});
  set_gradient(w, at::ones({2}));
  optimizer->zero_grad();
  EXPECT_FALSE(w.grad().defined());
}

// ---- errors

template <class Make>
std::string usage_error(const Make& make) {
  try {
    make();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(OptimizerErrors, ParametersThatCannotBeStepped) {
  using ::testing::HasSubstr;
  const at::Tensor w = parameter(at::zeros({2}));
  EXPECT_THAT(usage_error([&] {
                make_optimizer({}, {{"n", at::zeros({2}, at::kLong)}});
              }),
              HasSubstr("'n' is not a tensor of real"));
  EXPECT_THAT(usage_error([&] { make_optimizer({}, {{"n", {}}}); }), HasSubstr("'n'"));
  EXPECT_THAT(usage_error([&] { make_optimizer({}, {{"a", w}, {"b", w}}); }), HasSubstr("'a' and 'b' are one tensor"));
  EXPECT_THAT(usage_error([&] {
                make_optimizer({}, {{"a", w}, {"a", parameter(w)}});
              }),
              HasSubstr("two parameters are named 'a'"));
}

TEST(OptimizerErrors, GradientsThatDoNotFit) {
  using ::testing::AllOf, ::testing::HasSubstr;
  const at::Tensor w = parameter(at::zeros({2, 3}));
  const auto optimizer = make_optimizer({}, {{"w", w}});
  set_gradient(w, at::zeros({3, 2}));
  EXPECT_THAT(usage_error([&] { optimizer->step(0.1); }),
              AllOf(HasSubstr("'w'"), HasSubstr("[3, 2]"), HasSubstr("[2, 3]")));
  set_gradient(w, at::zeros({2, 3}, at::kDouble));
  EXPECT_THAT(usage_error([&] { optimizer->step(0.1); }), AllOf(HasSubstr("Double"), HasSubstr("Float")));
  set_gradient(w, at::zeros({2, 3}).to_sparse());
  EXPECT_THAT(usage_error([&] { optimizer->preview(0.1); }), HasSubstr("sparse"));
  EXPECT_EQ(w.detach().abs().sum().item<double>(), 0.0);
}

TEST(OptimizerErrors, ValuesOutOfRange) {
  using ::testing::HasSubstr;
  const std::vector<std::pair<recipe::Optimizer, std::string>> cases = {
      {{.lr = -1.0}, "optimizer.lr = -1"},
      {{.momentum = -0.1}, "optimizer.momentum"},
      {{.beta1 = 1.0}, "optimizer.betas[0] = 1"},
      {{.beta2 = -0.5}, "optimizer.betas[1]"},
      {{.alpha = 1.5}, "optimizer.alpha"},
      {{.eps = std::nan("")}, "optimizer.eps"},
      {{.weight_decay = -1.0}, "optimizer.weight_decay"},
      {{.clip_norm = -1.0}, "optimizer.clip_norm"},
      {{.kind = recipe::OptimizerKind::sgd, .nesterov = true}, "optimizer.nesterov"},
  };
  for (const auto& [options, key] : cases) {
    EXPECT_THAT(usage_error([&, &o = options] { make_optimizer(o, {}); }), HasSubstr(key));
  }
}

}  // namespace
}  // namespace thalweg
