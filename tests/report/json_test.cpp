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
  EXPECT_EQ(json.dump(), R"({"train":0.5,"heldout":null,"heldout_kind":"-inf","low":null,"low_kind":"inf"})");
}

TEST(Dump, HostileTextGivesValidJsonOnOneLine) {
  const std::string text = dump(Json{{"name", "a\n\x1b\xff\""}});
  EXPECT_TRUE(Json::accept(text));
  EXPECT_EQ(text.find_first_of("\n\x1b"), std::string::npos);
}

}  // namespace
}  // namespace thalweg::report
