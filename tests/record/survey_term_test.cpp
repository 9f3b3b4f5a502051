#include "thalweg/record/survey_term.h"

#include <gmock/gmock.h>

#include <set>

#include "thalweg/record/finding.h"
#include "thalweg/record/quantity.h"
#include "thalweg/record/survey.h"

namespace thalweg {
namespace {

TEST(SurveyTerms, SayEverythingThatExplainPrints) {
  for (const SurveyTerm& t : survey_terms()) {
    EXPECT_EQ(t.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << t.name;
    EXPECT_FALSE(t.formula.empty() || t.source.empty()) << t.name;
    EXPECT_TRUE(t.meaning.ends_with('.')) << t.name;
  }
}

TEST(SurveyTerms, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const SurveyTerm& t : survey_terms()) {
    EXPECT_TRUE(names.insert(t.name).second) << t.name;
    EXPECT_FALSE(quantity_named(t.name)) << t.name;
    EXPECT_EQ(finding_kind(t.name), nullptr) << t.name;
  }
}

TEST(SurveyTerms, ExplainEveryVerdictThatIsOne) {
  for (const SurveyVerdict v : {SurveyVerdict::saddle, SurveyVerdict::minimum, SurveyVerdict::not_critical}) {
    EXPECT_TRUE(std::ranges::any_of(survey_terms(), [&](const SurveyTerm& t) { return t.name == name(v); })) << name(v);
  }
}

}  // namespace
}  // namespace thalweg
