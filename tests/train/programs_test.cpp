// The programs against independent ones: PyTorch scripts of the same recipes, and kill -9.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "test_paths.h"
#include "tests/train/small_runs.h"

namespace thalweg {
namespace {

int python(const std::string& script, const std::string& arguments) {
  const std::string command = std::string(test_paths::kPython) + " " + test_paths::kSource + "/tests/reference/" +
                              script + " " + test_paths::kPrograms + "/thalweg " + arguments + " 2>&1";
  return std::system(command.c_str());
}

class Example : public testing::TestWithParam<const char*> {};

TEST_P(Example, HasTheLossCurveOfAnIndependentPyTorchScript) {
  const small_runs::Folder folder;
  EXPECT_EQ(python("agree.py", std::string(GetParam()) + " " + folder.path.string()), 0);
}

INSTANTIATE_TEST_SUITE_P(, Example, testing::Values("fashion_mlp", "fashion_cnn", "rows_lstm", "char_transformer"),
                         [](const auto& info) { return std::string(info.param); });

// Ten kills here; bench/kills.py makes two hundred.
TEST(Kill, LosesNothingThatWasCommittedAndTheRunGoesOn) {
  const small_runs::Folder folder;
  EXPECT_EQ(python("kill.py", folder.path.string() + " 10"), 0);
}

}  // namespace
}  // namespace thalweg
