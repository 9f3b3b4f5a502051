#include "thalweg/report/json.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace thalweg::report {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(PutNumber, NonFiniteNumbersAreNullWithTheirKind) {
  Json json = Json::object();
  put_number(json, "value", kNan);
  EXPECT_EQ(json.dump(), R"({"value":null,"kind":"nan"})");
  json = Json::object();
  put_number(json, "train", 0.5);
  put_number(json, "heldout", -kInf);
  put_number(json, "low", kInf);
  EXPECT_EQ(json.dump(),
            R"({"train":0.5,"heldout":null,"heldout_kind":"-inf","kind":"-inf","low":null,"low_kind":"inf"})");
}

TEST(FindingJson, HasTheDocumentedShape) {
  const Finding finding{
      .code = "learning_rate_too_high",
      .severity = Severity::fault,
      .first_step = 40,
      .last_step = 52,
      .scope = "fc1.weight",
      .message = "too fast",
      .causes = {"input_scale"},
      .evidence = {{.quantity = Quantity::overshoot, .scope = "", .value = 3.1, .threshold = 1.0, .source = "x"}},
      .remedies = {{.lever = "optimizer.lr",
                    .value = "0.003",
                    .trial = Trial{.verdict = TrialVerdict::proven,
                                   .effect = 0.12,
                                   .low = 0.1,
                                   .high = 0.14,
                                   .goal = "metric",
                                   .cost = 0.4}},
                   {.lever = "data.input_scaling", .value = "standardize", .trial = std::nullopt}}};
  EXPECT_EQ(
      to_json(finding).dump(),
      R"({"code":"learning_rate_too_high","severity":"fault","step":[40,52],"scope":"fc1.weight","message":"too fast",)"
      R"("causes":["input_scale"],"evidence":[{"quantity":"overshoot","value":3.1,"threshold":1.0,"source":"x"}],)"
      R"("remedies":[{"lever":"optimizer.lr","value":0.003,"trial":{"verdict":"proven","effect":0.12,"low":0.1,"high":0.14,)"
      R"("goal":"metric","cost":0.4}},{"lever":"data.input_scaling","value":"standardize"}]})");
}

TEST(ResultJson, HasTheDocumentedShape) {
  RunResult result;
  result.run = "runs/a";
  result.stop_reason = "epochs";
  result.step = 4220;
  result.epoch = 10;
  result.seconds = 31.25;
  result.train_loss = 0.21;
  result.heldout_loss = {.value = 0.31, .low = 0.3, .high = 0.33};
  result.metrics = {
      {.name = "accuracy", .split = "heldout", .interval = {.value = 0.891, .low = 0.884, .high = 0.897}}};
  result.gradient_norm = 0.12;
  result.relative_gradient_norm = 0.003;
  result.budget = 0.03;
  result.overhead = 0.027;
  result.overhead_by_instrument = {{"ill_conditioning", 0.011}};
  result.judgement.verdict = Verdict::healthy;
  result.next = {"thalweg compare runs/a"};
  EXPECT_EQ(to_json(result).dump(),
            R"({"schema":1,"run":"runs/a","stopped":{"reason":"epochs","step":4220,"epoch":10.0,"seconds":31.25},)"
            R"("loss":{"train":0.21,"heldout":0.31,"low":0.3,"high":0.33},)"
            R"("metrics":[{"name":"accuracy","split":"heldout","value":0.891,"low":0.884,"high":0.897}],)"
            R"("point":{"gradient_norm":0.12,"relative_gradient_norm":0.003,"critical":false},)"
            R"("overhead":{"budget":0.03,"share":0.027,"by_instrument":{"ill_conditioning":0.011}},)"
            R"("verdict":"healthy","reason":"","findings":[],"actions":[],"next":["thalweg compare runs/a"]})");
}

TEST(Dump, HostileTextGivesValidJsonOnOneLine) {
  const Json json{{"name", "a\n\x1b\xff\""}};
  const std::string text = dump(json);
  EXPECT_TRUE(Json::accept(text));
  EXPECT_EQ(text.find_first_of("\n\x1b"), std::string::npos);
}

}  // namespace
}  // namespace thalweg::report
