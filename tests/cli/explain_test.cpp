#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/program.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/record/finding.h"
#include "thalweg/record/quantity.h"
#include "thalweg/record/survey_term.h"

namespace thalweg::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Explain, AQuantityByItsName) {
  const Said said = thalweg({"explain", "overshoot"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.err, IsEmpty());
  EXPECT_THAT(said.out, AllOf(StartsWith("overshoot  (quantity)\n  meaning   "), HasSubstr("\n  formula   ρ = "),
                              HasSubstr("\n  source    ")));
}

TEST(Explain, NamesAreTakenAsPeopleWriteThem) {
  const std::string expected = thalweg({"explain", "learning_rate_too_high"}).out;
  EXPECT_THAT(expected, StartsWith("learning_rate_too_high  (finding)\n"));
  EXPECT_EQ(thalweg({"explain", "Learning-Rate-Too-High"}).out, expected);
  EXPECT_EQ(thalweg({"explain", "learning", "rate", "too", "high"}).out, expected);
}

TEST(Explain, SymbolsStandForTheirQuantities) {
  EXPECT_THAT(thalweg({"explain", "ρ"}).out, StartsWith("overshoot  (quantity)"));
  EXPECT_THAT(thalweg({"explain", "rho"}).out, StartsWith("overshoot  (quantity)"));
  EXPECT_THAT(thalweg({"explain", "g'Hg"}).out, StartsWith("curvature_along_gradient  (quantity)"));
}

TEST(Explain, ARecipeKeyByItsFullNameOrItsLastPart) {
  EXPECT_THAT(thalweg({"explain", "optimizer.lr"}).out, StartsWith("optimizer.lr  (recipe key)\n"));
  EXPECT_THAT(thalweg({"explain", "lr"}).out, HasSubstr("optimizer.lr  (recipe key)\n"));
}

TEST(Explain, ASectionShowsItsKeys) {
  EXPECT_THAT(thalweg({"explain", "optimizer"}).out, AllOf(HasSubstr("optimizer.lr  "), HasSubstr("optimizer.eps  ")));
}

TEST(Explain, WithoutATermEverythingIsListed) {
  const Said said = thalweg({"explain"});
  EXPECT_EQ(said.code, 0);
  for (const QuantityInfo& quantity : quantities())
    EXPECT_THAT(said.out, HasSubstr("\n  " + std::string(quantity.name)));
  for (const FindingInfo& finding : finding_kinds())
    EXPECT_THAT(said.out, HasSubstr("\n  " + std::string(finding.code)));
  for (const recipe::KeyInfo& key : recipe::keys()) EXPECT_THAT(said.out, HasSubstr("\n  " + std::string(key.key)));
}

TEST(Explain, EveryNameThatIsListedCanBeExplained) {
  const json list = json::parse(thalweg({"explain", "--json"}).out);
  EXPECT_EQ(list["schema"], 1);
  EXPECT_EQ(list["entries"].size(),
            quantities().size() + finding_kinds().size() + recipe::keys().size() + survey_terms().size());
  for (std::size_t i = 0; i < list["entries"].size(); i += 7) {  // a sample: each is a process
    const std::string name = list["entries"][i]["name"];
    EXPECT_EQ(thalweg({"explain", name}).code, 0) << name;
  }
}

TEST(Explain, JsonHasAllFacts) {
  const json answer = json::parse(thalweg({"explain", "overshoot", "--json"}).out);
  const QuantityInfo& expected = info(Quantity::overshoot);
  ASSERT_EQ(answer["entries"].size(), 1);
  const json& entry = answer["entries"][0];
  EXPECT_EQ(entry["kind"], "quantity");
  EXPECT_EQ(entry["meaning"], expected.meaning);
  EXPECT_EQ(entry["formula"], expected.formula);
  EXPECT_EQ(entry["unit"], expected.unit);
  EXPECT_EQ(entry["source"], expected.source);
}

TEST(Explain, ASlipIsAnsweredWithTheNearestTerm) {
  const Said said = thalweg({"explain", "overshot"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.out, IsEmpty());
  EXPECT_EQ(said.err,
            "thalweg: there is no quantity, finding or recipe key 'overshot'; did you mean 'overshoot'? 'thalweg "
            "explain' lists them\n");
}

TEST(Explain, AnEmptyTermIsNoTerm) { EXPECT_EQ(thalweg({"explain", ""}).code, 2); }

TEST(Explain, LoadsNoTorch) {
  const Said said = run({.command = {thalweg_path(), "explain"},
                         .environment = {{"LD_TRACE_LOADED_OBJECTS", "1"}},
                         .folder = {},
                         .to = {}});
  EXPECT_THAT(said.out, AllOf(HasSubstr("libc.so"), Not(HasSubstr("torch")), Not(HasSubstr("libc10"))));
}

TEST(Colour, OnlyOnATerminal) {
  EXPECT_THAT(thalweg({"explain", "overshoot"}).out, Not(HasSubstr("\x1b[")));
  const std::vector<std::string> command{thalweg_path(), "explain", "overshoot"};
  EXPECT_THAT(run_on_terminal({.command = command, .environment = {}, .folder = {}, .to = {}}).out,
              HasSubstr("\x1b[1movershoot\x1b[0m"));
}

TEST(Colour, NotWhereItIsUnwanted) {
  const std::vector<std::string> command{thalweg_path(), "explain", "overshoot"};
  EXPECT_THAT(run_on_terminal({.command = command, .environment = {{"NO_COLOR", "1"}}, .folder = {}, .to = {}}).out,
              Not(HasSubstr("\x1b[")));
  EXPECT_THAT(run_on_terminal({.command = command, .environment = {{"TERM", "dumb"}}, .folder = {}, .to = {}}).out,
              Not(HasSubstr("\x1b[")));
  EXPECT_THAT(run_on_terminal({.command = command, .environment = {{"NO_COLOR", ""}}, .folder = {}, .to = {}}).out,
              HasSubstr("\x1b["))
      << "an empty NO_COLOR asks for nothing (no-color.org)";
}

TEST(Width, IsTheTerminals) {
  const auto longest = [](const std::string& columns) {
    const std::string text = run({.command = {thalweg_path(), "explain", "overshoot"},
                                  .environment = {{"COLUMNS", columns}},
                                  .folder = {},
                                  .to = {}})
                                 .out;
    std::size_t longest = 0;
    for (std::size_t first = 0, end; (end = text.find('\n', first)) != std::string::npos; first = end + 1)
      longest = std::max(longest, end - first);
    return longest;
  };
  EXPECT_LT(longest("50"), longest("100"));
}

}  // namespace
}  // namespace thalweg::cli
