// The JSON of results: its form is fixed, since scripts rely on it; and nothing is lost in it.
#include "thalweg/store/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(ResultJson, HasTheFormThatScriptsRelyOn) {
  RunResult result = samples::result();
  result.judgement = {.verdict = Verdict::healthy, .findings = {}, .reason = "nothing held it back"};
  result.actions.clear();
  EXPECT_EQ(json::parse(to_json(result)), json::parse(R"({"schema":1,"run":"runs/fashion-mlp-0",
      "stopped":{"reason":"epochs","step":4220,"epoch":10.0,"seconds":31.2},
      "loss":{"train":0.21,"heldout":0.31,"low":0.30,"high":0.33},
      "metrics":[{"name":"accuracy","split":"heldout","value":0.891,"low":0.884,"high":0.897}],
      "point":{"gradient_norm":0.12,"relative_gradient_norm":0.003,"resolved":true,"critical":false},
      "overhead":{"budget":0.03,"share":0.027,"by_instrument":{"ill_conditioning":0.011}},
      "verdict":"healthy","reason":"nothing held it back","findings":[],"actions":[],
      "next":["thalweg compare runs/fashion-mlp-0"]})"));
}

TEST(FindingJson, HasTheFormThatScriptsRelyOn) {
  const RunResult result = samples::result();
  EXPECT_EQ(json::parse(to_json(result.judgement.findings[0])), json::parse(R"({
      "code":"learning_rate_too_high","severity":"fault","step":[40,52],"scope":"fc1.weight",
      "message":"Each step climbs: lower the rate.","causes":["input_scale"],
      "evidence":[
        {"quantity":"overshoot","scope":"fc1.weight","value":3.1,"threshold":1.0,"source":"Cohen et al. 2021"},
        {"quantity":"loss","scope":"","value":null,"kind":"inf","threshold":2.3,"source":"definition"}],
      "remedies":[
        {"lever":"optimizer.lr","value":0.003,"written":"3e-3",
         "trial":{"verdict":"proven","effect":0.12,"low":0.10,"high":0.14,"goal":"metric","cost":0.4}},
        {"lever":"schedule.kind","value":"cosine","written":"\"cosine\""}]})"));
}

TEST(ActionJson, HasTheFormThatScriptsRelyOn) {
  EXPECT_EQ(json::parse(to_json(samples::action(50))), json::parse(R"({
      "step":50,"code":"ill_conditioned_step","lever":"optimizer.lr","from":0.1,"to":0.05,
      "trial":{"verdict":"proven","effect":0.12,"low":0.10,"high":0.14,"goal":"metric","cost":0.4},
      "loss_before":2.3,"loss_after":null,"loss_after_kind":"nan"})"));
}

TEST(ResultJson, IsOneLine) { EXPECT_THAT(to_json(samples::result()), ::testing::Not(HasSubstr("\n"))); }

TEST(ResultJson, SaysWhichNumbersAreNotFinite) {
  RunResult result = samples::result();
  result.train_loss = std::numeric_limits<double>::quiet_NaN();
  result.heldout_loss.high = std::numeric_limits<double>::infinity();
  result.metrics[0].interval.value = -std::numeric_limits<double>::infinity();
  const json document = json::parse(to_json(result));
  EXPECT_EQ(document["loss"]["train"], nullptr);
  EXPECT_EQ(document["loss"]["train_kind"], "nan");
  EXPECT_EQ(document["loss"]["high_kind"], "inf");
  EXPECT_EQ(document["metrics"][0]["value"], nullptr);
  EXPECT_EQ(document["metrics"][0]["kind"], "-inf");
  EXPECT_TRUE(samples::same(run_result_from_json(to_json(result)), result));
}

TEST(ResultJson, WritesRecipeValuesAsJsonHasThem) {
  const auto value = [](const std::string& written) {
    Finding finding;
    finding.remedies = {{"x", written, std::nullopt}};
    return json::parse(to_json(finding))["remedies"][0]["value"];
  };
  EXPECT_EQ(value("0.003"), 0.003);
  EXPECT_EQ(value("64"), 64);
  EXPECT_EQ(value("true"), true);
  EXPECT_EQ(value("\"relu\""), "relu");
  EXPECT_EQ(value("relu"), "relu");
  EXPECT_EQ(value("[1, 2]"), "[1, 2]");
  EXPECT_EQ(value(""), "");
  EXPECT_EQ(value("null"), "null");
}

TEST(ResultJson, OfTextThatIsNotUtf8IsStillJson) {
  RunResult result = samples::result();
  result.run = "runs/\xff\xfe";
  EXPECT_EQ(json::parse(to_json(result))["run"], "runs/\uFFFD\uFFFD");
}

TEST(ResultJson, ThatIsNotOursIsRefused) {
  for (const char* text : {"", "{", "null", "[]", "{}", "{\"run\":1}", "\"x\"", "\xff"}) {
    EXPECT_THROW(run_result_from_json(text), InputError) << text;
  }
  EXPECT_THROW(run_result_from_json(std::string(1'000'000, '[')), InputError);
  EXPECT_THROW(strings_from_json("{\"a\":1}"), InputError);
}

}  // namespace
}  // namespace thalweg
