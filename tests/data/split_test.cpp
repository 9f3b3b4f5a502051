#include "thalweg/data/split.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "files.h"
#include "thalweg/data/array.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

std::vector<std::int64_t> numbers(const at::Tensor& rows) {
  if (!rows.defined()) return {};
  return {as_span(rows).begin(), as_span(rows).end()};
}
Random random_of(std::uint64_t seed) { return {seed, Stream::validation_split}; }

// Whatever the labels and the fraction: every row is in exactly one part, in the file's order, the whole has round(f n)
// rows and each class its share to within one row.
TEST(DrawRows, PartsAreWholeOrderedAndStratified) {
  EXPECT_TRUE(rc::check([] {
    const auto labels = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 5));
    RC_PRE(labels.size() > 1U);
    const double fraction = *rc::gen::inRange(0, 90) / 100.0;
    const auto n = static_cast<std::int64_t>(labels.size());
    const auto total = std::llround(fraction * static_cast<double>(n));
    RC_PRE(total < n);
    const DrawnRows rows =
        draw_rows(at::arange(n, at::kLong), fraction, at::tensor(labels, at::kLong), random_of(n), "f");
    std::vector<std::int64_t> kept = numbers(rows.kept), drawn = numbers(rows.drawn), all = kept;
    RC_ASSERT(static_cast<std::int64_t>(drawn.size()) == total);
    RC_ASSERT(std::ranges::is_sorted(kept) && std::ranges::is_sorted(drawn));
    all.insert(all.end(), drawn.begin(), drawn.end());
    std::ranges::sort(all);
    for (std::int64_t i = 0; i < n; ++i) RC_ASSERT(all[static_cast<std::size_t>(i)] == i);
    for (std::int64_t k = 0; k < 5; ++k) {
      const auto of_class = [&](const auto& part) {
        return static_cast<double>(
            std::ranges::count_if(part, [&](std::int64_t row) { return labels[static_cast<std::size_t>(row)] == k; }));
      };
      if (total > 0) RC_ASSERT(std::abs(of_class(drawn) - fraction * (of_class(drawn) + of_class(kept))) <= 1.0);
    }
  }));
}

TEST(DrawRows, TheSeedDecides) {
  const at::Tensor rows = at::arange(100, at::kLong);
  const auto drawn = [&](std::uint64_t seed) { return numbers(draw_rows(rows, 0.2, {}, random_of(seed), "f").drawn); };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(DrawRows, WithoutLabelsEveryRowIsDrawnEquallyOften) {
  const at::Tensor rows = at::arange(10, at::kLong);
  std::vector<int> count(10, 0);
  constexpr int kTimes = 2000;
  for (std::uint64_t seed = 0; seed < kTimes; ++seed) {
    for (const std::int64_t row : numbers(draw_rows(rows, 0.3, {}, random_of(seed), "f").drawn))
      ++count[static_cast<std::size_t>(row)];
  }
  for (const int c : count) EXPECT_NEAR(c, 0.3 * kTimes, 4.5 * std::sqrt(0.21 * kTimes));
}

TEST(DrawRows, LessThanHalfARowIsNoneAndAllIsAnError) {
  const at::Tensor rows = at::arange(4, at::kLong);
  EXPECT_FALSE(draw_rows(rows, 0.1, {}, random_of(0), "f").drawn.defined());
  EXPECT_THAT(message_of<UsageError>([&] { draw_rows(rows, 0.9, {}, random_of(0), "data.test"); }),
              testing::HasSubstr("data.test = 0.9 of 4 rows leaves none"));
  for (const double fraction : {1.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(message_of<UsageError>([&] { draw_rows(rows, fraction, {}, random_of(0), "data.test"); }),
                testing::HasSubstr("at least 0 and below 1"));
  }
}

}  // namespace
}  // namespace thalweg
