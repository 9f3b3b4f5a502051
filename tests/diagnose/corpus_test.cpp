// Every sick run of the corpus is named with its root; no healthy one is ever accused, however often one looks.
#include "corpus.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "thalweg/diagnose/checks.h"

namespace thalweg {
namespace {

std::string described(const Judgement& judgement) {
  std::string text = fmt::format("{} {}", name(judgement.verdict), judgement.reason);
  for (const Finding& f : judgement.findings)
    text += fmt::format("\n  {} [{}] {}", f.code, name(f.severity), f.message);
  return text;
}

bool names_fault(const Judgement& judgement) {
  return std::ranges::any_of(judgement.findings, [](const Finding& f) { return f.severity == Severity::fault; });
}

TEST(Corpus, HasRunsOfEachKind) {
  std::set<std::string> faults;
  for (const auto& run : corpus::runs()) faults.insert(run.fault);
  EXPECT_THAT(faults, testing::IsSupersetOf({"", "learning_rate_too_high", "learning_rate_too_low", "input_scale"}));
}

TEST(Corpus, NoHealthyRunIsEverAccused) {
  for (const auto& run : corpus::runs()) {
    if (!run.fault.empty()) continue;
    corpus::replay(run, 16, [&](const History& history) {
      const Judgement judgement = judge_run(history);
      EXPECT_FALSE(names_fault(judgement))
          << run.name << " at step " << history.last_step() << ": " << described(judgement);
    });
  }
}

TEST(Corpus, HealthyRunsEndHealthy) {
  for (const auto& run : corpus::runs()) {
    if (!run.fault.empty()) continue;
    const Judgement judgement = judge_run(corpus::whole(run));
    EXPECT_EQ(judgement.verdict, Verdict::healthy) << run.name << ": " << described(judgement);
  }
}

TEST(Corpus, EverySickRunIsNamedWithItsRoot) {
  for (const auto& run : corpus::runs()) {
    if (run.fault.empty() || run.severity == "open") continue;
    const Judgement judgement = judge_run(corpus::whole(run));
    const std::string first = judgement.findings.empty() ? "nothing" : judgement.findings.front().code;
    EXPECT_EQ(first, run.fault) << run.name << ": " << described(judgement);
    if (run.severity == "fault") {
      EXPECT_EQ(judgement.verdict, Verdict::fault) << run.name << ": " << described(judgement);
    }
  }
}

// Where units die in the first step, nothing that is read here tells why; but what learnt nothing is not healthy.
TEST(Corpus, WhatCannotBeNamedIsNotCalledHealthy) {
  for (const auto& run : corpus::runs()) {
    if (run.severity != "open") continue;
    EXPECT_NE(judge_run(corpus::whole(run)).verdict, Verdict::healthy) << run.name;
  }
}

// A finding shows at least one number beyond its limit, and where the limit comes from.
TEST(Corpus, FindingsShowWhatTheyRestOn) {
  for (const auto& run : corpus::runs()) {
    for (const Finding& finding : judge_run(corpus::whole(run)).findings) {
      ASSERT_FALSE(finding.evidence.empty()) << run.name << ": " << finding.code;
      const Evidence& first = finding.evidence.front();
      const bool low = finding.code == "learning_rate_too_low" || first.quantity == Quantity::input_max_abs;
      EXPECT_TRUE(low ? first.value < first.threshold : !(first.value < first.threshold))
          << run.name << ": " << finding.message;
      EXPECT_FALSE(first.source.empty());
      EXPECT_FALSE(finding.message.empty());
    }
  }
}

TEST(Corpus, WhatGrowsOnTheWayIsNamedOnTheWay) {
  for (const auto& run : corpus::runs()) {
    if (run.also.empty()) continue;
    bool named = false;
    corpus::replay(run, 16, [&](const History& history) {
      for (const Finding& f : judge_run(history).findings) named = named || f.code == run.also;
    });
    EXPECT_TRUE(named) << run.name;
  }
}

}  // namespace
}  // namespace thalweg
