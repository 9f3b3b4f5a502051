// max_pool_2x2 is at::relu and at::max_pool2d, to the bit: values, gradients and second derivatives.
#include "thalweg/model/max_pool.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <limits>

#include "networks.h"
#include "thalweg/model/init.h"

namespace thalweg::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

at::Tensor reference(const at::Tensor& x, bool relu) { return at::max_pool2d(relu ? at::relu(x) : x, {2, 2}); }

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor left = a.contiguous(), right = b.contiguous();
  return left.sizes() == right.sizes() && left.scalar_type() == right.scalar_type() &&
         std::memcmp(left.const_data_ptr(), right.const_data_ptr(), left.nbytes()) == 0;
}

struct Derivatives {
  at::Tensor value, first, second;  // y, dy·∂y/∂x, and the derivative of the latter's square with respect to dy
};

template <typename Pool>
Derivatives derivatives(const Pool& pool, const at::Tensor& values, const at::Tensor& dy_values) {
  const at::Tensor x = values.detach().clone().requires_grad_(), dy = dy_values.detach().clone().requires_grad_();
  const at::Tensor y = pool(x);
  const at::Tensor first = torch::autograd::grad({y}, {x}, {dy}, true, true)[0];
  const at::Tensor second = torch::autograd::grad({first}, {dy}, {first.detach() * 3})[0];
  return {y.detach(), first.detach(), second};
}

void expect_same(const at::Tensor& x, const at::Tensor& dy, bool relu) {
  const Derivatives own = derivatives([&](const at::Tensor& t) { return max_pool_2x2(t, {.relu = relu}); }, x, dy);
  const Derivatives aten = derivatives([&](const at::Tensor& t) { return reference(t, relu); }, x, dy);
  EXPECT_TRUE(same_bits(own.value, aten.value)) << x.sizes();
  EXPECT_TRUE(same_bits(own.first, aten.first)) << x.sizes();
  EXPECT_TRUE(same_bits(own.second, aten.second)) << x.sizes();
}

// Few different values, so that windows are full of ties, NaN and infinities.
at::Tensor odd_values(at::IntArrayRef sizes, std::uint64_t seed) {
  const at::Tensor kinds = at::tensor({-1.0, 0.0, 0.5, 0.5, 2.0, std::nan(""), kInf, -kInf}, at::kDouble);
  const at::Generator generator = parameter_generator(seed, "odd");
  return kinds.index({at::randint(8, sizes, generator, at::kLong)});
}

RC_GTEST_PROP(MaxPool, IsReluThenMaxPool, ()) {
  const auto height = *rc::gen::inRange<std::int64_t>(2, 40), width = *rc::gen::inRange<std::int64_t>(2, 40);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto type = *rc::gen::element(at::kFloat, at::kDouble);
  const bool relu = *rc::gen::arbitrary<bool>();
  const at::Tensor x = odd_values({2, 3, height, width}, seed).to(type);
  expect_same(x, odd_values({2, 3, height / 2, width / 2}, seed + 1).to(type), relu);
}

TEST(MaxPool, OfOrdinaryNumbers) {
  for (const bool relu : {false, true}) {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const at::Tensor x = Wave{.rate = 1.9}({4, 5, 28, 28}).to(type);
      expect_same(x, Wave{.rate = 0.7}({4, 5, 14, 14}).to(type), relu);
    }
  }
}

TEST(MaxPool, GradientsThatAreNotFiniteStayWhereTheyBelong) {
  const at::Tensor x = Wave{}({1, 1, 4, 4});
  for (const double gradient : {kInf, std::nan("")})
    expect_same(x, at::full({1, 1, 2, 2}, gradient, at::kDouble), true);
}

TEST(MaxPool, TakesTransposedImages) {
  const at::Tensor x = Wave{}({2, 6, 8, 3}).permute({0, 3, 1, 2});
  expect_same(x, Wave{.rate = 0.3}({2, 3, 4, 3}).transpose(2, 3).contiguous().transpose(2, 3).reshape({2, 3, 3, 4}),
              true);
}

TEST(MaxPool, DoesNotDependOnTheThreads) {
  const at::Tensor x = Wave{.rate = 2.1}({64, 16, 30, 31}).to(at::kFloat),
                   dy = Wave{.rate = 0.9}({64, 16, 15, 15}).to(at::kFloat);
  const int threads = at::get_num_threads();
  for (const int count : {1, 2, 5}) {
    at::set_num_threads(count);
    expect_same(x, dy, true);
  }
  at::set_num_threads(threads);
}

TEST(MaxPool, LeavesOtherTypesToATen) {
  const at::Tensor x = Wave{}({1, 2, 6, 6}).to(at::kBFloat16);
  EXPECT_TRUE(same_bits(max_pool_2x2(x, {.relu = true}), reference(x, true)));
}

TEST(MaxPool, TakesABatchWithoutRows) {
  EXPECT_EQ(max_pool_2x2(at::empty({0, 3, 6, 6}), {.relu = true}).sizes(), (at::IntArrayRef{0, 3, 3, 3}));
}

}  // namespace
}  // namespace thalweg::testing
