#include "thalweg/cli/run_command.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <new>
#include <stdexcept>
#include <string>

#include "thalweg/record/error.h"

namespace thalweg::cli {
namespace {

struct Outcome {
  int code;
  std::string err;
};
Outcome outcome(const std::function<int()>& command) {
  ::testing::internal::CaptureStderr();
  const int code = run_command(command);
  return {code, ::testing::internal::GetCapturedStderr()};
}

TEST(RunCommand, GivesTheCommandsOwnExitCode) {
  EXPECT_EQ(outcome([] { return kDone; }).code, 0);
  EXPECT_EQ(outcome([] { return kFindings; }).code, 1);
  EXPECT_EQ(outcome([] { return kDone; }).err, "");
}

TEST(RunCommand, EachKindOfErrorHasItsExitCodeAndOneLine) {
  const Outcome usage = outcome([]() -> int { throw UsageError("no such key"); });
  EXPECT_EQ(usage.code, 2);
  EXPECT_EQ(usage.err, "thalweg: no such key\n");
  EXPECT_EQ(outcome([]() -> int { throw InputError("x"); }).code, 3);
  EXPECT_EQ(outcome([]() -> int { throw IoError("x"); }).code, 4);
  EXPECT_EQ(outcome([]() -> int { throw std::filesystem::filesystem_error("x", std::error_code()); }).code, 4);
}

TEST(RunCommand, WhatNobodyExpectedIsInternal) {
  const Outcome internal =
      outcome([]() -> int { throw std::runtime_error("bad\x1b[2J\nstack frame 1\nstack frame 2"); });
  EXPECT_EQ(internal.code, 70);
  EXPECT_EQ(internal.err, "thalweg: internal error: bad\\u{1b}[2J\n");
  EXPECT_EQ(outcome([]() -> int { throw std::bad_alloc(); }).err, "thalweg: out of memory\n");
  EXPECT_EQ(outcome([]() -> int { throw 7; }).code, 70);
}

}  // namespace
}  // namespace thalweg::cli
