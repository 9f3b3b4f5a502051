#include <gmock/gmock.h>

#include <set>
#include <string>

#include "thalweg/record/finding.h"
#include "thalweg/record/quantity.h"

namespace thalweg {
namespace {

bool is_snake_case(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

TEST(Quantities, HaveOneEntryEach) {
  EXPECT_EQ(quantities().size(), static_cast<std::size_t>(Quantity::count_));
  std::set<std::string_view> names;
  for (const QuantityInfo& q : quantities()) names.insert(q.name);
  EXPECT_EQ(names.size(), quantities().size());
}

TEST(Quantities, SayEverythingThatExplainPrints) {
  for (const QuantityInfo& q : quantities()) {
    EXPECT_TRUE(is_snake_case(q.name)) << q.name;
    EXPECT_FALSE(q.unit.empty() || q.formula.empty() || q.source.empty()) << q.name;
    EXPECT_TRUE(q.meaning.ends_with('.')) << q.name;
    EXPECT_EQ(q.meaning.find("  "), std::string_view::npos) << q.name;
  }
}

TEST(Quantities, AreFoundByNameAndById) {
  EXPECT_EQ(quantity_named("overshoot"), Quantity::overshoot);
  EXPECT_EQ(info(Quantity::curvature_along_gradient).name, "curvature_along_gradient");
  for (const QuantityInfo& q : quantities()) {
    EXPECT_EQ(quantity_named(q.name), q.id);
    EXPECT_EQ(info(q.id).id, q.id);
  }
}

TEST(Quantities, UnknownNamesAreNone) {
  EXPECT_EQ(quantity_named(""), std::nullopt);
  EXPECT_EQ(quantity_named("Overshoot"), std::nullopt);
  EXPECT_EQ(quantity_named("count_"), std::nullopt);
}

TEST(Findings, SayEverythingThatExplainPrints) {
  std::set<std::string_view> codes;
  for (const FindingInfo& f : finding_kinds()) {
    codes.insert(f.code);
    EXPECT_TRUE(is_snake_case(f.code)) << f.code;
    EXPECT_FALSE(f.title.empty() || f.source.empty()) << f.code;
    for (const std::string_view text : {f.meaning, f.evidence, f.remedy})
      EXPECT_TRUE(text.ends_with('.')) << f.code << ": " << text;
    EXPECT_EQ(finding_kind(f.code), &f);
  }
  EXPECT_EQ(codes.size(), finding_kinds().size());
}

TEST(Findings, UnknownCodesAreNone) {
  EXPECT_EQ(finding_kind("no_such_fault"), nullptr);
  EXPECT_EQ(finding_kind(""), nullptr);
}

TEST(Names, AreThoseOfTheResults) {
  EXPECT_EQ(name(Severity::note), "note");
  EXPECT_EQ(name(Severity::warning), "warning");
  EXPECT_EQ(name(Severity::fault), "fault");
  EXPECT_EQ(name(Verdict::healthy), "healthy");
  EXPECT_EQ(name(Verdict::fault), "fault");
  EXPECT_EQ(name(Verdict::cannot_tell), "cannot_tell");
  EXPECT_EQ(name(TrialVerdict::proven), "proven");
  EXPECT_EQ(name(TrialVerdict::refuted), "refuted");
  EXPECT_EQ(name(TrialVerdict::undecided), "undecided");
}

}  // namespace
}  // namespace thalweg
