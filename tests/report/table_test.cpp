#include "thalweg/report/table.h"

#include <gmock/gmock.h>

namespace thalweg::report {
namespace {

TEST(Table, AlignsWhatIsSeen) {
  EXPECT_EQ(table({{"run"}, {"steps", Align::right}}, {{"谷", "4,220"}, {"talweg", "12"}}, {.width = 80}),
            "run     steps\n"
            "─────────────\n"
            "谷      4,220\n"
            "talweg     12\n");
}

TEST(Table, MissingCellsAreEmpty) {
  EXPECT_EQ(table({{"a"}, {"b"}}, {{"1"}, {}}, {.width = 80}),
            "a  b\n"
            "────\n"
            "1\n"
            "\n");
}

TEST(Table, TheWidestTextColumnGivesWayWhereTheTableIsTooWide) {
  EXPECT_EQ(table({{"run"}, {"loss", Align::right}}, {{"runs/a-very-long-name", "0.214"}}, {.width = 20}),
            "run             loss\n"
            "────────────────────\n"
            "runs/a-very-…  0.214\n");
}

TEST(Table, ColoursOnlyTheHead) {
  EXPECT_EQ(table({{"a"}}, {{"1"}}, {.width = 80, .colour = true}), "\x1b[1ma\x1b[0m\n\x1b[2m─\x1b[0m\n1\n");
}

TEST(Table, WithoutColumnsIsNothing) { EXPECT_EQ(table({}, {{"1"}}, {.width = 80}), ""); }

}  // namespace
}  // namespace thalweg::report
