#include "thalweg/report/finding_panel.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Finding finding() {
  return {.code = "learning_rate_too_high",
          .severity = Severity::fault,
          .first_step = 40,
          .last_step = 1052,
          .scope = "",
          .message =
              "The steps overshoot: each goes further along its own direction than the valley is wide, and the loss "
              "grows with them.",
          .causes = {"input_scale"},
          .evidence = {{.quantity = Quantity::overshoot,
                        .scope = "",
                        .value = 3.1,
                        .threshold = 1.0,
                        .source = "Cohen et al. 2021"}},
          .remedies = {{.lever = "optimizer.lr", .value = "0.003", .trial = std::nullopt}}};
}

TEST(FindingPanel, SaysWhatWasSeenTheNumbersAndWhatToDo) {
  EXPECT_EQ(finding_panel(finding(), {.width = 80}),
            "  fault  " + std::string(finding_kind("learning_rate_too_high")->title) +
                ", steps 40 to 1,052\n"
                "    The steps overshoot: each goes further along its own direction than the\n"
                "    valley is wide, and the loss grows with them.\n"
                "    measured  overshoot 3.1, limit 1 (Cohen et al. 2021)\n"
                "    caused by input_scale\n"
                "    remedy    optimizer.lr = 0.003 (not tried)\n"
                "    more      thalweg explain learning_rate_too_high\n");
}

TEST(FindingPanel, ATriedRemedyShowsItsVerdictAndInterval) {
  Finding tried = finding();
  tried.remedies[0].trial =
      Trial{.verdict = TrialVerdict::proven, .effect = 0.12, .low = 0.1, .high = 0.14, .goal = "metric", .cost = 0.4};
  EXPECT_THAT(finding_panel(tried, {.width = 120}),
              HasSubstr("optimizer.lr = 0.003: proven, metric better by 0.12 [0.1, 0.14], costing 0.4 of the run\n"));
}

TEST(FindingPanel, AScopeIsNamed) {
  Finding scoped = finding();
  scoped.last_step = scoped.first_step;
  scoped.scope = "fc1.weight";
  scoped.evidence[0].scope = "fc1.weight";
  EXPECT_THAT(finding_panel(scoped, {.width = 80}), HasSubstr(", step 40 in fc1.weight\n"));
  EXPECT_THAT(finding_panel(scoped, {.width = 80}), HasSubstr("overshoot of fc1.weight 3.1, limit 1"));
}

TEST(FindingPanel, HostileTextIsShownNotObeyed) {
  Finding hostile = finding();
  hostile.code = "\x1b[2J";
  hostile.scope = "a\r\nb";
  hostile.message = "\x1b]8;;http://x\x07";
  hostile.remedies[0].value = "\u202e";
  const std::string text = finding_panel(hostile, {.width = 200});
  EXPECT_EQ(text.find_first_of("\x1b\x07\r"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("fault  \\u{1b}[2J"));
  EXPECT_THAT(text, HasSubstr("in a\\u{d}\\u{a}b"));
  EXPECT_THAT(text, HasSubstr("optimizer.lr = \\u{202e}"));
}

TEST(JudgementPanel, AHealthyRunSaysWhy) {
  EXPECT_EQ(judgement_panel({.verdict = Verdict::healthy, .findings = {}, .reason = "seven checks found nothing"},
                            {.width = 80}),
            "  healthy: seven checks found nothing\n");
}

TEST(JudgementPanel, ARunThatCannotBeJudgedSaysWhatWouldTell) {
  EXPECT_EQ(judgement_panel({.verdict = Verdict::cannot_tell, .findings = {}, .reason = "64 more steps would tell"},
                            {.width = 80}),
            "  cannot tell: 64 more steps would tell\n");
}

TEST(JudgementPanel, FindingsStandInTheirOrder) {
  Finding note = finding();
  note.severity = Severity::note;
  const std::string text =
      judgement_panel({.verdict = Verdict::fault, .findings = {finding(), note}, .reason = ""}, {.width = 80});
  EXPECT_THAT(text, StartsWith("  fault  "));
  EXPECT_THAT(text, HasSubstr("\n  note  "));
}

TEST(JudgementPanel, NotesOfAHealthyRunComeAfterItsVerdict) {
  Finding note = finding();
  note.severity = Severity::note;
  EXPECT_THAT(judgement_panel({.verdict = Verdict::healthy, .findings = {note}, .reason = ""}, {.width = 80}),
              StartsWith("  healthy\n  note  "));
}

TEST(JudgementPanel, ColoursTheSeverity) {
  EXPECT_THAT(finding_panel(finding(), {.width = 80, .colour = true}), StartsWith("  \x1b[31mfault\x1b[0m  \x1b[1m"));
}

TEST(ActionLine, SaysWhatWasChangedAndItsEffect) {
  Action action{.step = 1420,
                .code = "ill_conditioned_step",
                .lever = "optimizer.lr",
                .from = 0.1,
                .to = 0.05,
                .trial = {},
                .loss_before = 2.31,
                .loss_after = 0.94};
  EXPECT_EQ(action_line(action),
            "step 1,420: optimizer.lr 0.1 → 0.05 for ill_conditioned_step; loss 2.31 before, 0.94 after");
  action.loss_after = kNan;
  EXPECT_EQ(action_line(action), "step 1,420: optimizer.lr 0.1 → 0.05 for ill_conditioned_step; loss 2.31 before")
      << "the run ended before there was one";
}

}  // namespace
}  // namespace thalweg::report
