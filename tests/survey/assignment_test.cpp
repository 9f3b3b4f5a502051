// The best assignment, against every other one and against its own proof.
#include "thalweg/survey/assignment.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

namespace thalweg {
namespace {

at::Tensor random_matrix(std::int64_t n, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return at::randn({n, n}, generator, at::TensorOptions(at::kDouble));
}

std::vector<std::int64_t> permutation_of(const Assignment& a) {
  return {a.columns.const_data_ptr<std::int64_t>(), a.columns.const_data_ptr<std::int64_t>() + a.columns.numel()};
}

double value_of(const at::Tensor& s, const std::vector<std::int64_t>& columns) {
  double sum = 0.0;
  for (std::size_t i = 0; i < columns.size(); ++i) sum += s[static_cast<std::int64_t>(i)][columns[i]].item<double>();
  return sum;
}

double by_trying_all(const at::Tensor& s, std::int64_t blocks = 1) {
  const std::int64_t n = s.size(0), each = n / blocks;
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  double best = -std::numeric_limits<double>::infinity();
  do {
    bool kept = true;
    for (std::int64_t i = 0; i < n; ++i) {
      kept =
          kept && order[static_cast<std::size_t>(i)] / each == order[static_cast<std::size_t>(i / each * each)] / each;
    }
    if (kept) best = std::max(best, value_of(s, order));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

void expect_proven(const at::Tensor& s, const Assignment& a) {
  const std::vector<std::int64_t> columns = permutation_of(a);
  EXPECT_EQ(std::set<std::int64_t>(columns.begin(), columns.end()).size(), columns.size());
  const at::Tensor slack = at::tensor(a.row, at::kDouble).unsqueeze(1) + at::tensor(a.column, at::kDouble) - s;
  const double size = s.abs().max().item<double>();
  EXPECT_GE(slack.min().item<double>(), -1e-12 * size);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_NEAR(slack[static_cast<std::int64_t>(i)][columns[i]].item<double>(), 0.0, 1e-12 * size);
  }
  EXPECT_NEAR(a.value, value_of(s, columns), 1e-12 * size * static_cast<double>(columns.size()));
}

TEST(Assignment, IsTheBestOfAll) {
  for (std::int64_t n = 1; n <= 7; ++n) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const at::Tensor s = random_matrix(n, 100 * static_cast<std::uint64_t>(n) + seed);
      const Assignment a = best_assignment(s);
      EXPECT_NEAR(a.value, by_trying_all(s), 1e-12);
      expect_proven(s, a);
    }
  }
}

TEST(Assignment, ManyEqualEntries) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const at::Tensor s = random_matrix(7, seed).round();
    EXPECT_EQ(best_assignment(s).value, by_trying_all(s));
  }
  EXPECT_EQ(best_assignment(at::zeros({5, 5})).value, 0.0);
}

TEST(Assignment, ProvesItselfWhereNobodyCanTryAll) {
  const at::Tensor s = random_matrix(300, 7);
  expect_proven(s, best_assignment(s));
}

TEST(Assignment, FindsAHiddenPermutation) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const at::Tensor x = at::randn({200, 40}, generator, at::TensorOptions(at::kFloat));
  const at::Tensor hidden = at::randperm(200, generator, at::kLong);
  const Assignment a = best_assignment(x.mm(x.index_select(0, hidden).t()));
  EXPECT_TRUE(hidden.index_select(0, a.columns).equal(at::arange(200, at::kLong)));
}

TEST(Assignment, KeepsBlocksTogether) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const at::Tensor s = random_matrix(6, seed);
    for (const std::int64_t blocks : {1, 2, 3, 6}) {
      const Assignment a = best_block_assignment(s, blocks);
      EXPECT_NEAR(a.value, by_trying_all(s, blocks), 1e-12) << blocks;
      EXPECT_NEAR(a.value, value_of(s, permutation_of(a)), 1e-12);
    }
  }
}

TEST(Assignment, RefusesWhatItCannotOrder) {
  at::Tensor s = at::zeros({3, 3});
  s[1][2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(best_assignment(s), std::invalid_argument);
  EXPECT_THROW(best_assignment(at::zeros({2, 3})), std::invalid_argument);
}

}  // namespace
}  // namespace thalweg
