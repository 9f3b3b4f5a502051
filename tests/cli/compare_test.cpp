#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/program.h"
#include "tests/cli/sample_run.h"

namespace thalweg::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Compare : public ::testing::Test {
 protected:
  void write(const std::string& name, const SampleRun& run) { write_run(folder_.path() / "runs" / name, run); }
  Said call(std::vector<std::string> arguments, const std::string& columns = "120") {
    arguments.insert(arguments.begin(), {thalweg_path(), "compare"});
    return run({.command = arguments, .environment = {{"COLUMNS", columns}}, .folder = folder_.path(), .to = {}});
  }
  json call_json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const Said said = call(arguments);
    EXPECT_EQ(said.code, 0) << said.err;
    return json::parse(said.out);
  }
  TemporaryFolder folder_;
};

TEST_F(Compare, ShowsRunsBesideEachOther) {
  write("a", {});
  write("b", {.lr = 0.1, .loss = 0.52, .accuracy = 0.81, .healthy = false, .stop_reason = "patience"});
  const Said said = call({"runs/a", "runs/b"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.err, IsEmpty());
  EXPECT_THAT(
      said.out,
      HasSubstr("   run     held-out loss      accuracy            steps  time  instruments  stopped by  verdict\n"));
  EXPECT_THAT(
      said.out,
      HasSubstr("a  runs/a  0.31 [0.3, 0.33]   89.1% [88.4, 89.7]    200  31 s         2.7%  epochs      healthy\n"));
  EXPECT_THAT(said.out, HasSubstr("b  runs/b  0.52 [0.51, 0.54]  81.0% [80.3, 81.6]    200  31 s         2.7%  "
                                  "patience    learning_rate_too_high\n"));
  EXPECT_THAT(said.out, HasSubstr("\nheld-out loss over steps\n"));
  EXPECT_THAT(said.out, HasSubstr("\nRecipes differ in\n  optimizer.lr  0.001 (a), 0.1 (b)\n"));
  EXPECT_THAT(said.out, Not(HasSubstr("Over seeds")));
}

TEST_F(Compare, ANarrowTerminalGetsTwoTables) {
  write("a", {});
  const Said said = call({"runs/a"}, "70");
  EXPECT_THAT(said.out, HasSubstr("   run     held-out loss     accuracy\n"));
  EXPECT_THAT(said.out, HasSubstr("   steps  time  instruments  stopped by  verdict\n"));
}

TEST_F(Compare, ValuesThatDoNotFitInOneLineStandBelowEachOther) {
  write("a", {.lr = 0.001});
  write("b", {.lr = 0.1});
  write("c", {.lr = 0.0001});
  EXPECT_THAT(call({"runs/a", "runs/b", "runs/c"}, "40").out,
              HasSubstr("  optimizer.lr  0.001 (a)\n                0.1 (b)\n                0.0001 (c)\n"));
}

TEST_F(Compare, RunsThatDifferOnlyInTheSeedGetAMeanAndAnInterval) {
  write("s0", {.seed = 0, .loss = 0.30, .accuracy = 0.88});
  write("s1", {.seed = 1, .loss = 0.32, .accuracy = 0.90, .healthy = false});
  write("s2", {.seed = 2, .loss = 0.34, .accuracy = 0.89});
  write("other", {.lr = 0.1});
  const json answer = call_json({"runs/s0", "runs/other", "runs/s1", "runs/s2"});
  ASSERT_EQ(answer["over_seeds"].size(), 1);
  const json& group = answer["over_seeds"][0];
  EXPECT_EQ(group["runs"], json({"runs/s0", "runs/s1", "runs/s2"}));
  EXPECT_NEAR(group["loss"]["mean"], 0.32, 1e-12);
  EXPECT_NEAR(group["loss"]["high"], 0.32 + 4.303 * 0.02 / std::sqrt(3.0), 1e-9);  // t(2), s = 0.02
  EXPECT_NEAR(group["metrics"][0]["mean"], 0.89, 1e-12);
  EXPECT_EQ(group["healthy"], 2);
  EXPECT_THAT(call({"runs/s0", "runs/s1", "runs/s2"}).out,
              AllOf(HasSubstr("Over seeds: mean [95% interval]"), HasSubstr("a b c  3  0.32 [0.27, 0.37]"),
                    HasSubstr("2 of 3"), HasSubstr("The recipes are the same, seeds left aside.")));
}

TEST_F(Compare, JsonOfARunIsWhatTrainSaidAndMore) {
  write("a", {.seed = 7});
  const json run = call_json({"runs/a"})["runs"][0];
  EXPECT_EQ(run["run"], "runs/a") << "where it is now, not where it was written";
  EXPECT_EQ(run["stopped"]["reason"], "epochs");
  EXPECT_EQ(run["loss"]["heldout"], 0.31);
  EXPECT_EQ(run["metrics"][0]["value"], 0.891);
  EXPECT_EQ(run["verdict"], "healthy");
  EXPECT_EQ(run["seed"], 7);
  EXPECT_EQ(run["curve"]["step"].size(), 10);
  EXPECT_EQ(run["curve"]["loss"].back(), 0.31);
}

TEST_F(Compare, ARunWithoutResultIsShownByItsLastEvaluation) {
  write("killed", {.finished = false});
  const Said said = call({"runs/killed"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, ContainsRegex("a  runs/killed  0\\.31 .*89\\.1% .*200 .*no result yet"));
  const json run = call_json({"runs/killed"})["runs"][0];
  EXPECT_TRUE(run["stopped"].is_null());
  EXPECT_EQ(run["loss"]["heldout"], 0.31);
}

TEST_F(Compare, AFolderOfRunsStandsForAllOfThem) {
  for (const char* name : {"r-10", "r-2", "r-1"}) write(name, {});
  const json answer = call_json({"runs/"});
  ASSERT_EQ(answer["runs"].size(), 3);
  EXPECT_EQ(answer["runs"][0]["run"], "runs/r-1");
  EXPECT_EQ(answer["runs"][1]["run"], "runs/r-2");
  EXPECT_EQ(answer["runs"][2]["run"], "runs/r-10");
}

TEST_F(Compare, ARunThatIsNamedTwiceCountsOnce) {
  write("a", {});
  EXPECT_EQ(call_json({"runs/a", "runs/a/", "runs/../runs/a"})["runs"].size(), 1);
}

TEST_F(Compare, ValuesThatAreNotFiniteAreShownAndValidJson) {
  write("nan", {.loss = std::numeric_limits<double>::quiet_NaN(), .healthy = false, .stop_reason = "non_finite"});
  EXPECT_THAT(call({"runs/nan"}).out, HasSubstr("a  runs/nan  nan "));
  const json run = call_json({"runs/nan"})["runs"][0];
  EXPECT_TRUE(run["loss"]["heldout"].is_null());
  EXPECT_EQ(run["loss"]["heldout_kind"], "nan");
}

TEST_F(Compare, ASlipIsAnsweredWithTheNearestRun) {
  write("fashion-1", {});
  const Said said = call({"runs/fashon-1"});
  EXPECT_EQ(said.code, 4);
  EXPECT_EQ(said.err,
            "thalweg: there is no run 'runs/fashon-1'; did you mean 'runs/fashion-1'? there is runs/fashion-1\n");
}

TEST_F(Compare, AFolderThatIsNoRunIsAnInputError) {
  write("a", {});
  std::filesystem::create_directories(folder_.path() / "runs" / "empty-one");
  const Said said = call({"runs/empty-one"});
  EXPECT_EQ(said.code, 3);
  EXPECT_EQ(said.err, "thalweg: 'runs/empty-one' is no run: it has no run.sqlite; there is runs/a\n");
}

TEST_F(Compare, AFileThatIsNoStoreIsAnInputError) {
  std::filesystem::create_directories(folder_.path() / "runs" / "broken");
  write_file(folder_.path() / "runs/broken/run.sqlite",
             "this is no database, and long enough to be read as one, page by page");
  const Said said = call({"runs/broken"});
  EXPECT_EQ(said.code, 3) << said.err;
  EXPECT_THAT(said.out, IsEmpty());
}

TEST_F(Compare, HostileNamesAreShownNotObeyed) {
  write("\x1b[2Jevil", {.name = "\x1b]0;x\x07", .stop_reason = "\x1b[8m"});
  const Said said = call({"runs/\x1b[2Jevil"});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.out.find('\x1b'), std::string::npos);
  EXPECT_THAT(said.out, HasSubstr("runs/\\u{1b}[2Jevil"));
}

}  // namespace
}  // namespace thalweg::cli
