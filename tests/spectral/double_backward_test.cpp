#include "thalweg/spectral/double_backward.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>

#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

using Tensors = std::vector<at::Tensor>;
using Loss = std::function<at::Tensor(const Tensors&)>;

Tensors leaves(const Tensors& values, at::ScalarType type) {
  Tensors result;
  for (const at::Tensor& t : values) result.push_back(t.to(type).clone().requires_grad_(true));
  return result;
}

int replaced(const Loss& loss, const Tensors& values) {
  const Tensors p = leaves(values, at::kFloat);
  const at::Tensor l = loss(p);
  Tensors gradient = torch::autograd::grad({l}, p, {}, true, true, true);
  return replace_double_backwards(gradient, l);
}

// In float64 nothing is replaced: torch's own derivatives are the oracle for the float32 product.
void expect_product_of_float64(const Loss& loss, const Tensors& values) {
  const Tensors p = leaves(values, at::kFloat), q = leaves(values, at::kDouble);
  Tensors v, w;
  for (const at::Tensor& t : values) {
    w.push_back(at::randn(t.sizes(), at::kDouble));
    v.push_back(w.back().to(at::kFloat));
  }
  const Tensors product = RetainedGradient(loss(p), p).hessian_vector_product(v);
  const Tensors expected = RetainedGradient(loss(q), q).hessian_vector_product(w);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = (product[i].to(at::kDouble) - expected[i]).norm().item<double>();
    EXPECT_LE(error, 2e-5 * expected[i].norm().item<double>() + 1e-7) << "parameter " << i;
  }
}

at::Tensor like(const at::Tensor& x, const at::Tensor& p) { return x.to(p.options().dtype()); }

TEST(DoubleBackward, Gelu) {
  at::manual_seed(1);
  const at::Tensor x = at::randn({6, 4});
  const Loss loss = [x](const Tensors& p) {
    return at::mm(at::gelu(at::mm(like(x, p[0]), p[0].t())), p[1].t()).square().mean();
  };
  const Tensors p{at::randn({5, 4}), at::randn({3, 5})};
  EXPECT_EQ(replaced(loss, p), 1);
  expect_product_of_float64(loss, p);
}

TEST(DoubleBackward, GeluByTanhIsLeftAlone) {
  const Loss loss = [](const Tensors& p) { return at::gelu(p[0], "tanh").square().sum(); };
  EXPECT_EQ(replaced(loss, {at::randn({4})}), 0);
}

TEST(DoubleBackward, SoftmaxOverTheLastAxis) {
  at::manual_seed(2);
  const at::Tensor x = at::randn({3, 7, 5});
  const Loss loss = [x](const Tensors& p) {
    const at::Tensor q = at::matmul(like(x, p[0]), p[0]), k = at::matmul(like(x, p[1]), p[1]);
    return at::matmul(at::softmax(at::matmul(q, k.transpose(1, 2)), -1), q).square().mean();
  };
  const Tensors p{at::randn({5, 4}), at::randn({5, 4})};
  EXPECT_EQ(replaced(loss, p), 1);
  expect_product_of_float64(loss, p);
  const Loss other = [](const Tensors& q) { return at::softmax(q[0], 0).square().sum(); };
  EXPECT_EQ(replaced(other, {at::randn({4, 3})}), 0) << "over another axis it is torch's own";
}

TEST(DoubleBackward, SoftmaxWithAMask) {
  at::manual_seed(3);
  const at::Tensor mask = at::full({6, 6}, -std::numeric_limits<double>::infinity()).triu(1);
  const Loss loss = [mask](const Tensors& p) {
    return at::mm(at::softmax(at::mm(p[0], p[0].t()) + like(mask, p[0]), -1), p[0]).square().mean();
  };
  const Tensors p{at::randn({6, 4})};
  EXPECT_EQ(replaced(loss, p), 1);
  expect_product_of_float64(loss, p);
}

TEST(DoubleBackward, LayerNorm) {
  at::manual_seed(4);
  const at::Tensor x = at::randn({4, 3, 6});
  const Loss loss = [x](const Tensors& p) {
    const at::Tensor h = at::layer_norm(at::matmul(like(x, p[0]), p[0]), {9}, p[1], p[2], 1e-5);
    return (at::layer_norm(at::tanh(h), {9}, p[1], p[2], 1e-5) * h).pow(3).mean();
  };
  const Tensors p{at::randn({6, 9}), at::randn({9}), at::randn({9})};
  EXPECT_EQ(replaced(loss, p), 2);
  expect_product_of_float64(loss, p);
}

TEST(DoubleBackward, LayerNormWithoutWeightsIsLeftAlone) {
  const at::Tensor x = at::randn({4, 6});
  const Loss loss = [x](const Tensors& p) {
    return at::layer_norm(at::mm(like(x, p[0]), p[0]), {5}, {}, {}, 1e-5).pow(3).mean();
  };
  const Tensors p{at::randn({6, 5})};
  EXPECT_EQ(replaced(loss, p), 0);
  expect_product_of_float64(loss, p);
}

struct Convolution {
  std::vector<std::int64_t> stride{1, 1}, padding{1, 1}, dilation{1, 1};
  std::int64_t groups = 1;
  bool bias = true;
};

class DoubleBackwardOfAConvolution : public testing::TestWithParam<Convolution> {};

TEST_P(DoubleBackwardOfAConvolution, IsThatOfFloat64) {
  at::manual_seed(5);
  const Convolution& c = GetParam();
  const at::Tensor x = at::randn({3, 4, 9, 8});
  const Loss loss = [x, c](const Tensors& p) {
    const at::Tensor bias = c.bias ? p[2] : at::Tensor();
    const at::Tensor h = at::tanh(at::conv2d(like(x, p[0]), p[0], bias, {1, 1}, {1, 1}, {1, 1}, c.groups));
    return at::tanh(at::conv2d(h, p[1], bias, c.stride, c.padding, c.dilation, c.groups)).pow(3).mean();
  };
  const Tensors p{at::randn({4, 4 / c.groups, 3, 3}), at::randn({4, 4 / c.groups, 3, 3}), at::randn({4})};
  EXPECT_EQ(replaced(loss, p), 2) << "the first, whose input needs no gradient, and the second";
  expect_product_of_float64(loss, p);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DoubleBackwardOfAConvolution,
                         testing::Values(Convolution{}, Convolution{.stride = {2, 1}}, Convolution{.padding = {0, 2}},
                                         Convolution{.dilation = {2, 2}, .bias = false}, Convolution{.groups = 2},
                                         Convolution{.groups = 4, .bias = false}));

TEST(DoubleBackward, ConvolutionInOneDimension) {
  at::manual_seed(6);
  const at::Tensor x = at::randn({3, 2, 11});
  const Loss loss = [x](const Tensors& p) {
    const at::Tensor h = at::tanh(at::conv1d(like(x, p[0]), p[0], p[1], 1, 1));
    return at::tanh(at::conv1d(h, p[2], {}, 2, 1)).pow(3).mean();
  };
  const Tensors p{at::randn({4, 2, 3}), at::randn({4}), at::randn({3, 4, 3})};
  EXPECT_EQ(replaced(loss, p), 2);
  expect_product_of_float64(loss, p);
}

// A user's loss that holds a gradient itself: its graph, from which the training's backward runs, is left alone.
TEST(DoubleBackward, TheGraphOfTheLossIsLeftAlone) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({6, 4});
  const Tensors p = leaves({at::randn({5, 4})}, at::kFloat);
  const auto penalised = [&] {
    const at::Tensor l = at::gelu(at::mm(x, p[0].t())).square().mean();
    return l + torch::autograd::grad({l}, p, {}, true, true)[0].square().sum();
  };
  const at::Tensor plain = torch::autograd::grad({penalised()}, p)[0];
  const at::Tensor loss = penalised();
  Tensors gradient = torch::autograd::grad({loss}, p, {}, true, true, true);
  replace_double_backwards(gradient, loss);
  EXPECT_TRUE(at::equal(torch::autograd::grad({loss}, p)[0], plain));
}

}  // namespace
}  // namespace thalweg
