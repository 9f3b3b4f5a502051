#include "thalweg/spectral/second_derivatives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/custom_function.h>

#include "small_networks.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::leaf;
using testing::normal;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// x², whose backward is computed outside autograd: its second derivative is silently taken for zero.
struct DetachedSquare : torch::autograd::Function<DetachedSquare> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x * x;
  }
  static variable_list backward(AutogradContext* context, const variable_list& incoming) {
    return {(2 * context->get_saved_variables()[0] * incoming[0]).detach()};
  }
};

// x², whose backward throws when it is differentiated.
struct RefusingSquare : torch::autograd::Function<RefusingSquare> {
  struct Backward : torch::autograd::Function<Backward> {
    static at::Tensor forward(AutogradContext*, const at::Tensor& x, const at::Tensor& incoming) {
      return 2 * x * incoming;
    }
    static variable_list backward(AutogradContext*, const variable_list&) {
      TORCH_CHECK(false, "the derivative for own::refusing_square is not there");
    }
  };
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x * x;
  }
  static variable_list backward(AutogradContext* context, const variable_list& incoming) {
    return {Backward::apply(context->get_saved_variables()[0], incoming[0])};
  }
};

// Written as it should be.
struct Square : torch::autograd::Function<Square> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return x * x;
  }
  static variable_list backward(AutogradContext* context, const variable_list& incoming) {
    return {2 * context->get_saved_variables()[0] * incoming[0]};
  }
};

at::Tensor fused_attention(const at::Tensor& w) {
  const at::Tensor x = normal({2, 2, 6, 8}, 1, at::kFloat);
  return at::scaled_dot_product_attention(at::matmul(x, w), x, x);
}

TEST(MissingSecondDerivatives, OfTorchsFusedAttentionIsNamed) {
  const at::Tensor w = leaf(normal({8, 8}, 2, at::kFloat));
  const at::Tensor loss = fused_attention(w).square().sum();
  EXPECT_THROW(RetainedGradient(loss, {w}).hessian_vector_product({at::ones_like(w)}), NoSecondDerivative)
      << "torch has learned to differentiate its fused attention twice";
  EXPECT_THAT(missing_second_derivatives(loss, {w}), ElementsAre("aten::_scaled_dot_product_flash_attention_for_cpu"));
}

TEST(MissingSecondDerivatives, OfABackwardOutsideAutogradIsNamed) {
  const at::Tensor x = leaf(normal({3}, 1));
  const auto missing = missing_second_derivatives(DetachedSquare::apply(x).sum(), {x});
  EXPECT_THAT(missing, ElementsAre(HasSubstr("DetachedSquare")));
}

TEST(MissingSecondDerivatives, OfABackwardThatThrowsIsNamed) {
  const at::Tensor x = leaf(normal({3}, 1));
  const auto missing = missing_second_derivatives(RefusingSquare::apply(x).sum(), {x});
  EXPECT_THAT(missing, ElementsAre(HasSubstr("refusing_square")));
}

TEST(MissingSecondDerivatives, AreAllNamed) {
  const at::Tensor w = leaf(normal({8, 8}, 2, at::kFloat)), x = leaf(normal({3}, 1)), y = leaf(normal({3}, 2));
  const at::Tensor loss =
      fused_attention(w).square().sum() + DetachedSquare::apply(x).sum() + RefusingSquare::apply(y).sum();
  EXPECT_THAT(missing_second_derivatives(loss, {w, x, y}),
              ElementsAre("aten::_scaled_dot_product_flash_attention_for_cpu", HasSubstr("DetachedSquare"),
                          HasSubstr("refusing_square")));
}

TEST(MissingSecondDerivatives, AreNoneInAnOrdinaryNetwork) {
  const at::Tensor image = normal({2, 1, 6, 6}, 1), kernel = leaf(normal({3, 1, 3, 3}, 2)), gain = leaf(normal({3}, 3));
  const at::Tensor w = leaf(normal({2, 12}, 4)), unused = leaf(normal({2}, 5));
  at::Tensor h = at::batch_norm(at::conv2d(image, kernel), gain, {}, {}, {}, true, 0.1, 1e-5, false);
  h = at::max_pool2d(at::relu(h), {2, 2}).reshape({2, 12});
  const at::Tensor loss =
      at::cross_entropy_loss(at::gelu(Square::apply(at::linear(h, w))), at::tensor({0, 1}, at::kLong));
  EXPECT_THAT(missing_second_derivatives(loss, {kernel, gain, w, unused}), IsEmpty());
}

// floor has the gradient zero: a result without a graph, and right so.
TEST(MissingSecondDerivatives, AreNoneWhereAGradientIsZero) {
  const at::Tensor x = leaf(normal({3}, 1));
  EXPECT_THAT(missing_second_derivatives((at::floor(x) * x).sum(), {x}), IsEmpty());
  EXPECT_THAT(missing_second_derivatives(at::ones({}), {x}), IsEmpty()) << "a constant loss";
  EXPECT_THAT(missing_second_derivatives((2 * x).sum(), {x}), IsEmpty()) << "a linear loss";
}

TEST(MissingSecondDerivatives, LeaveTheGraphAndTheGradientsAlone) {
  const testing::TanhNetwork net(testing::TanhNetwork::Shape{});
  const at::Tensor loss = net.loss();
  const auto before = RetainedGradient(loss, net.parameters()).gradient();
  missing_second_derivatives(loss, net.parameters());
  const auto after = RetainedGradient(loss, net.parameters()).gradient();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(testing::same_bits(before[i], after[i]));
  EXPECT_FALSE(net.w1.grad().defined());
}

}  // namespace
}  // namespace thalweg
