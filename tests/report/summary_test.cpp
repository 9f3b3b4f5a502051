#include "thalweg/report/summary.h"

#include <gmock/gmock.h>

#include <limits>
#include <sstream>
#include <string>

#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

RunView healthy_run() {
  RunView view;
  view.header.name = "fashion-cnn";
  view.header.metrics = {"accuracy"};
  RunResult& result = view.result;
  result.run = "runs/fashion_cnn-1";
  result.stop_reason = "epochs";
  result.step = 2110;
  result.epoch = 5;
  result.seconds = 192;
  result.train_loss = 0.24;
  result.heldout_loss = {.value = 0.31, .low = 0.3, .high = 0.33};
  result.metrics = {{.name = "accuracy", .split = "heldout", .interval = {.value = 0.891, .low = 0.884, .high = 0.897}},
                    {.name = "accuracy", .split = "train", .interval = {.value = 0.92, .low = 0.91, .high = 0.93}}};
  result.gradient_norm = 0.12;
  result.relative_gradient_norm = 0.031;
  result.budget = 0.03;
  result.overhead = 0.027;
  result.overhead_by_instrument = {{"ill_conditioning", 0.011}, {"overshoot", 0.016}};
  result.judgement = {.verdict = Verdict::healthy, .findings = {}, .reason = "five checks found nothing"};
  result.next = {"thalweg compare runs/fashion_cnn-1"};
  view.curves = {{.name = "loss", .x = {0, 1, 2, 3}, .y = {2.31, 1.0, 0.209, 0.214}}};
  return view;
}

TEST(RunSummary, ReadsLikeAReport) {
  EXPECT_EQ(run_summary(healthy_run(), {.width = 80}),
            "fashion-cnn stopped after 2,110 steps (5.0 epochs, 3 min 12 s): all epochs are\n"
            "done\n"
            "  held-out     loss 0.31 [0.3, 0.33], accuracy 89.1% [88.4, 89.7]\n"
            "  train        loss 0.24\n"
            "  point        not at a critical point: gradient norm 0.12, 3.1% of that at the\n"
            "               first step\n"
            "  loss         2.31 █▄▁▁ 0.214   lowest 0.209, highest 2.31\n"
            "  instruments  took 2.7% of the training time (budget 3.0%): overshoot 1.6%,\n"
            "               ill_conditioning 1.1%\n"
            "  run          runs/fashion_cnn-1\n"
            "Verdict\n"
            "  healthy: five checks found nothing\n"
            "Next\n"
            "  thalweg compare runs/fashion_cnn-1\n");
}

TEST(RunSummary, WhereNothingIsHeldOutItSaysSo) {
  RunView view = healthy_run();
  view.header.heldout = "train";
  const std::string text = run_summary(view, {.width = 120});
  EXPECT_THAT(text, HasSubstr("  train        loss 0.31 [0.3, 0.33], accuracy 92.0% [91.0, 93.0] "
                              "(nothing is held out: this is the training part)\n"));
  EXPECT_THAT(text, Not(HasSubstr("held-out ")));
}

TEST(RunSummary, PartsThatAreMoreThanTheWholeAreSaidToHoldTheFirstLooks) {
  RunView view = healthy_run();
  view.result.overhead_by_instrument = {{"edge", 0.043}, {"overshoot", 0.016}};
  EXPECT_THAT(run_summary(view, {.width = 160}),
              HasSubstr("took 2.7% of the training time (budget 3.0%); by instrument, first looks included: edge 4.3%, "
                        "overshoot 1.6%\n"));
}

TEST(RunSummary, ChangesAreListed) {
  RunView view = healthy_run();
  view.result.actions = {{.step = 420,
                          .code = "ill_conditioned_step",
                          .lever = "optimizer.lr",
                          .from = 0.1,
                          .to = 0.05,
                          .trial = {},
                          .loss_before = 2.3,
                          .loss_after = 0.9}};
  EXPECT_THAT(
      run_summary(view, {.width = 120}),
      HasSubstr(
          "  changed      step 420: optimizer.lr 0.1 → 0.05 for ill_conditioned_step; loss 2.3 before, 0.9 after\n"));
}

TEST(RunSummary, AGradientLostInItsNoiseIsGivenAsAnUpperBound) {
  RunView view = healthy_run();
  view.result.gradient_resolved = false;
  EXPECT_THAT(
      run_summary(view, {.width = 120}),
      HasSubstr(
          "not at a critical point: gradient norm lost in its sampling noise, at most 0.12, 3.1% of that at the"));
}

TEST(RunSummary, ARunThatBlewUpIsShownAsItIs) {
  RunView view = healthy_run();
  view.result.stop_reason = "non_finite";
  view.result.heldout_loss = {.value = kNan, .low = kNan, .high = kNan};
  view.result.gradient_norm = kNan;
  view.curves[0].y = {2.31, 100.0, std::numeric_limits<double>::infinity(), kNan};
  const std::string text = run_summary(view, {.width = 120});
  EXPECT_THAT(text, HasSubstr("a value is not finite"));
  EXPECT_THAT(text, HasSubstr("loss nan, accuracy"));
  EXPECT_THAT(text, HasSubstr("  point        not measured\n"));
  EXPECT_THAT(text, HasSubstr("2.31 ▁█×× nan"));
}

TEST(RunSummary, HostileNamesAreShownNotObeyed) {
  RunView view = healthy_run();
  view.header.name = "\x1b[2Jname";
  view.result.run = "runs/\x1b]0;x\x07";
  view.result.stop_reason = "\x9b";
  view.result.next = {"thalweg \r\nrm"};
  view.result.metrics[0].name = "\x1b[1m";
  view.curves[0].name = "\x1b[8m";
  const std::string text = run_summary(view, {.width = 80});
  EXPECT_EQ(text.find_first_of("\x1b\x07\r"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\\u{1b}[2Jname stopped after"));
}

TEST(RunSummary, KeepsTheWidth) {
  for (const int width : {40, 60, 80, 120}) {
    std::istringstream lines(run_summary(healthy_run(), {.width = width}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), width) << line;
  }
}

TEST(SummaryCurves, TakesWhatWasMeasuredInAFixedOrder) {
  History history;
  history.header.metrics = {"accuracy"};
  for (const Quantity quantity :
       {Quantity::learning_rate, Quantity::heldout_metric, Quantity::loss, Quantity::weight_sq}) {
    history.put({.step = 0, .value = 1.0, .quantity = quantity});
    history.put({.step = 5, .value = 0.5, .quantity = quantity});
  }
  const std::vector<Curve> curves = summary_curves(history);
  ASSERT_EQ(curves.size(), 3);
  EXPECT_EQ(curves[0].name, "loss");
  EXPECT_EQ(curves[1].name, "accuracy");
  EXPECT_EQ(curves[2].name, "learning rate");
  EXPECT_THAT(curves[0].x, ::testing::ElementsAre(0, 5));
  EXPECT_THAT(curves[0].y, ::testing::ElementsAre(1.0, 0.5));
}

TEST(StopWords, UnknownReasonsAreShownAsTheyAre) {
  EXPECT_EQ(stop_words("patience"),
            "the held-out metric has not improved for the set number of evaluations (patience)");
  EXPECT_EQ(stop_words("sun\tset"), "sun\\u{9}set");
}

}  // namespace
}  // namespace thalweg::report
