#include "thalweg/recipe/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace thalweg::recipe {
namespace {

TEST(Names, AreDifferentWithinEachEnumeration) {
  const auto different = []<class E>(E) {
    std::vector<std::string_view> seen;
    for (const Name<E>& entry : names<E>()) {
      EXPECT_EQ(name(entry.value), entry.name);
      EXPECT_THAT(seen, ::testing::Not(::testing::Contains(entry.name)));
      seen.push_back(entry.name);
    }
  };
  different(Format{}), different(TargetKind{}), different(Scaling{}), different(InitKind{}), different(BiasInit{});
  different(LayerType{}), different(Activation{}), different(PoolKind{}), different(Positions{}), different(Return{});
  different(LossKind{}), different(Reduction{}), different(MetricKind{}), different(OptimizerKind{});
  different(ScheduleKind{}), different(StopRule{}), different(ActMode{});
  EXPECT_EQ(name(LayerType::batch_norm), "batch_norm");
  EXPECT_EQ(name(InitKind::standard), "default");
}

}  // namespace
}  // namespace thalweg::recipe
