// What a run leaves behind and takes up again.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/optim/optimizers.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using ::testing::AllOf;
using testing::every_optimizer;
using ::testing::HasSubstr;
using testing::NamedOptions;
using testing::numbers;
using testing::parameter;
using testing::same_bits;
using testing::set_gradient;

class Resuming : public ::testing::TestWithParam<NamedOptions> {};
INSTANTIATE_TEST_SUITE_P(All, Resuming, ::testing::ValuesIn(every_optimizer()),
                         [](const auto& info) { return info.param.name; });

struct Trained {
  at::Tensor a, b;
  std::unique_ptr<Optimizer> optimizer;
};

Trained make_run(const recipe::Optimizer& options, const at::Tensor& a, const at::Tensor& b) {
  Trained run{.a = parameter(a), .b = parameter(b)};
  run.optimizer = make_optimizer(options, {{"a", run.a}, {"b", run.b}});
  return run;
}

void go(Trained& run, int from, int to) {
  for (int t = from; t < to; ++t) {
    set_gradient(run.a, numbers({9000}, t));
    set_gradient(run.b, t % 2 ? numbers({3, 4}, t + 0.5, at::kDouble) : at::Tensor());  // b steps every second time
    run.optimizer->step(0.01 * (t + 1));
  }
}

TEST_P(Resuming, IsBitForBitTheUninterruptedRun) {
  Trained whole = make_run(GetParam().options, numbers({9000}, 0.1), numbers({3, 4}, 0.2, at::kDouble));
  go(whole, 0, 5);
  Trained first = make_run(GetParam().options, numbers({9000}, 0.1), numbers({3, 4}, 0.2, at::kDouble));
  go(first, 0, 3);
  Trained second = make_run(GetParam().options, first.a, first.b);
  second.optimizer->load(first.optimizer->state());
  EXPECT_TRUE(same_bits(second.optimizer->state(), first.optimizer->state()));
  go(second, 3, 5);
  EXPECT_TRUE(same_bits(second.a, whole.a));
  EXPECT_TRUE(same_bits(second.b, whole.b));
  EXPECT_TRUE(same_bits(second.optimizer->state(), whole.optimizer->state()));
}

TEST_P(Resuming, AStateIsACopy) {
  Trained run = make_run(GetParam().options, numbers({9000}, 0.1), numbers({3, 4}, 0.2, at::kDouble));
  go(run, 0, 2);
  const Optimizer::Named state = run.optimizer->state();
  Optimizer::Named kept;
  for (const auto& [name, tensor] : state) kept.emplace_back(name, tensor.clone());
  go(run, 2, 4);
  EXPECT_TRUE(same_bits(state, kept));
}

TEST(State, HasTorchsNames) {
  const auto names = [](recipe::Optimizer options) {
    std::vector<std::string> out;
    for (const auto& [name, tensor] : make_optimizer(options, {{"fc.weight", parameter(at::zeros({2}))}})->state())
      out.push_back(name);
    return out;
  };
  using ::testing::ElementsAre;
  using enum recipe::OptimizerKind;
  EXPECT_THAT(names({.kind = sgd}), ElementsAre("step"));
  EXPECT_THAT(names({.kind = sgd, .momentum = 0.9}), ElementsAre("step", "fc.weight.momentum_buffer"));
  EXPECT_THAT(names({.kind = adamw}), ElementsAre("step", "fc.weight.exp_avg", "fc.weight.exp_avg_sq"));
  EXPECT_THAT(names({.kind = nadamw}), ElementsAre("step", "mu_product", "fc.weight.exp_avg", "fc.weight.exp_avg_sq"));
  EXPECT_THAT(names({.kind = rmsprop, .momentum = 0.9}),
              ElementsAre("step", "fc.weight.momentum_buffer", "fc.weight.square_avg"));
}

// ---- states that are not this optimizer's: refused, and nothing is taken of them

template <class Change>
std::string refusal(const Change& change) {
  Trained run = make_run({.kind = recipe::OptimizerKind::nadamw}, numbers({5}, 0.1), numbers({3}, 0.2));
  Optimizer::Named state = run.optimizer->state();
  for (auto& [name, tensor] : state)
    tensor = tensor.is_floating_point() ? at::full_like(tensor, 0.5) : at::ones_like(tensor);
  change(state);
  const Optimizer::Named before = run.optimizer->state();
  try {
    run.optimizer->load(state);
  } catch (const InputError& error) {
    EXPECT_TRUE(same_bits(run.optimizer->state(), before));
    return error.what();
  }
  return "no error";
}

at::Tensor& entry(Optimizer::Named& state, const std::string& name) {
  return std::find_if(state.begin(), state.end(), [&](const auto& e) { return e.first == name; })->second;
}

TEST(StateErrors, AreFoundBeforeAnythingIsTaken) {
  using Named = Optimizer::Named;
  EXPECT_EQ(refusal([](Named&) {}), "no error");
  EXPECT_THAT(refusal([](Named& s) { s.clear(); }), HasSubstr("'step' is missing"));
  EXPECT_THAT(refusal([](Named& s) { s.pop_back(); }), HasSubstr("'b.exp_avg_sq' is missing"));
  EXPECT_THAT(refusal([](Named& s) { s.emplace_back("b.exp_avg_sqr", at::ones({3})); }),
              AllOf(HasSubstr("'b.exp_avg_sqr' is unknown"), HasSubstr("'b.exp_avg_sq'")));
  EXPECT_THAT(refusal([](Named& s) { entry(s, "b.exp_avg") = at::ones({4}); }),
              AllOf(HasSubstr("'b.exp_avg'"), HasSubstr("[4]"), HasSubstr("[3]")));
  EXPECT_THAT(refusal([](Named& s) { entry(s, "b.exp_avg") = at::ones({3}, at::kDouble); }),
              AllOf(HasSubstr("Double"), HasSubstr("Float")));
  EXPECT_THAT(refusal([](Named& s) { entry(s, "b.exp_avg") = at::Tensor(); }), HasSubstr("undefined"));
  EXPECT_THAT(refusal([](Named& s) { entry(s, "step").fill_(-1); }), HasSubstr("'step' holds -1"));
  EXPECT_THAT(refusal([](Named& s) { entry(s, "mu_product").fill_(1.5); }), HasSubstr("'mu_product' holds 1.5"));
  EXPECT_THAT(refusal([](Named& s) { entry(s, "mu_product").fill_(std::nan("")); }), HasSubstr("'mu_product'"));
}

}  // namespace
}  // namespace thalweg
