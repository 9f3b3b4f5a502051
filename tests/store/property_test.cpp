// Whatever is put is what is read, for any values.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "tests/store/samples.h"
#include "thalweg/record/quantity.h"
#include "thalweg/store/json.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using samples::Folder;
using samples::same;

double number() {
  return *rc::gen::oneOf(
      rc::gen::arbitrary<double>(),
      rc::gen::element(0.0, -1.0, 5e-324, 1.7976931348623157e308, std::numeric_limits<double>::quiet_NaN(),
                       std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()));
}

// UTF-8, with everything that quoting has to get right, and a zero byte.
std::string text() {
  std::string result;
  const auto pieces = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element(std::string("a"), std::string("\""), std::string("\\"), std::string("\n"), std::string(","),
                       std::string("é"), std::string("𝜌"), std::string("\x01"), std::string(1, '\0'), std::string("'"),
                       std::string("0.5"), std::string("["), std::string(" ")));
  for (const std::string& piece : pieces) result += piece;
  return result;
}

template <typename Make>
auto several(Make make) {
  std::vector<decltype(make())> result;
  for (int count = *rc::gen::inRange(0, 4); count > 0; --count) result.push_back(make());
  return result;
}

std::int64_t any_step() {
  return *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 10), rc::gen::arbitrary<std::int64_t>());
}

Reading any_reading() {
  Reading reading{.step = any_step(),
                  .value = number(),
                  .quantity = static_cast<Quantity>(*rc::gen::inRange(0, static_cast<int>(Quantity::count_))),
                  .scope = *rc::gen::oneOf(rc::gen::inRange<Scope>(0, 5), rc::gen::arbitrary<Scope>())};
  if (*rc::gen::inRange(0, 4) == 0) reading.error = static_cast<float>(number());
  if (*rc::gen::inRange(0, 4) == 0) reading.cost = static_cast<float>(number());
  return reading;
}

Interval any_interval() { return {number(), number(), number()}; }

NamedMetric any_metric() { return {text(), text(), any_interval()}; }

Evaluation any_evaluation() {
  return {.step = any_step(),
          .epoch = number(),
          .seconds = number(),
          .train_loss = number(),
          .heldout_loss = any_interval(),
          .metrics = several(any_metric)};
}

Trial any_trial() {
  return {.verdict = *rc::gen::element(TrialVerdict::proven, TrialVerdict::refuted, TrialVerdict::undecided),
          .effect = number(),
          .low = number(),
          .high = number(),
          .goal = text(),
          .cost = number()};
}

Action any_action() {
  return {.step = any_step(),
          .code = text(),
          .lever = text(),
          .from = number(),
          .to = number(),
          .trial = any_trial(),
          .loss_before = number(),
          .loss_after = number()};
}

Evidence any_evidence() {
  return {static_cast<Quantity>(*rc::gen::inRange(0, static_cast<int>(Quantity::count_))), text(), number(), number(),
          text()};
}

Remedy any_remedy() {
  Remedy remedy{text(), text(), std::nullopt};
  if (*rc::gen::arbitrary<bool>()) remedy.trial = any_trial();
  return remedy;
}

Finding any_finding() {
  return {.code = text(),
          .severity = *rc::gen::element(Severity::note, Severity::warning, Severity::fault),
          .first_step = any_step(),
          .last_step = any_step(),
          .scope = text(),
          .message = text(),
          .causes = several(text),
          .evidence = several(any_evidence),
          .remedies = several(any_remedy)};
}

RunResult any_result() {
  RunResult result{.run = text(),
                   .stop_reason = text(),
                   .step = any_step(),
                   .epoch = number(),
                   .seconds = number(),
                   .train_loss = number(),
                   .heldout_loss = any_interval(),
                   .metrics = several(any_metric),
                   .gradient_norm = number(),
                   .gradient_resolved = *rc::gen::arbitrary<bool>(),
                   .relative_gradient_norm = number(),
                   .critical = *rc::gen::arbitrary<bool>(),
                   .budget = number(),
                   .overhead = number(),
                   .judgement = {.verdict = *rc::gen::element(Verdict::healthy, Verdict::fault, Verdict::cannot_tell),
                                 .findings = several(any_finding),
                                 .reason = text()},
                   .actions = several(any_action),
                   .next = several(text)};
  for (const std::string& instrument : several(text)) result.overhead_by_instrument[instrument] = number();
  return result;
}

RunHeader any_header() {
  return {.name = text(),
          .recipe = text(),
          .thalweg_version = text(),
          .torch_version = text(),
          .started = text(),
          .seed = *rc::gen::arbitrary<std::uint64_t>(),
          .threads = *rc::gen::arbitrary<int>(),
          .parameters = *rc::gen::arbitrary<std::int64_t>(),
          .planned_steps = *rc::gen::arbitrary<std::int64_t>(),
          .steps_per_epoch = *rc::gen::arbitrary<std::int64_t>(),
          .heldout_rows = *rc::gen::arbitrary<std::int64_t>(),
          .heldout = text(),
          .loss = text(),
          .metrics = several(text),
          .optimizer = text(),
          .peak_learning_rate = number()};
}

constexpr auto by_step = [](const auto& a, const auto& b) { return a.step < b.step; };

RC_GTEST_PROP(StoreProperty, ReadingsAreReadAsTheyWerePut, ()) {
  const Folder folder;
  std::vector<Reading> put;
  for (int count = *rc::gen::inRange(0, 120); count > 0; --count) put.push_back(any_reading());
  const int flush_every = *rc::gen::inRange(1, 50);
  std::map<Scope, std::string> names;
  {
    StoreWriter writer(folder / "run.sqlite", {}, {.queue = *rc::gen::inRange<std::size_t>(1, 40)});
    for (std::size_t i = 0; i < put.size(); ++i) {
      const Scope scope = put[i].scope;
      if (scope != kWholeModel && names.emplace(scope, "scope " + std::to_string(scope)).second) {
        writer.scope(scope, names[scope]);
      }
      writer.put(put[i]);
      if (i % flush_every == 0) writer.flush();
    }
    writer.flush();
    RC_ASSERT(writer.failure() == "");
  }
  const StoreReader reader(folder / "run.sqlite");
  std::stable_sort(put.begin(), put.end(), by_step);
  RC_ASSERT(same(reader.readings(), put));
  const auto scopes = reader.scopes();
  for (const auto& [scope, name] : names) RC_ASSERT(scopes.at(scope) == name);
}

RC_GTEST_PROP(StoreProperty, RunsAreReadAsTheyWereWritten, ()) {
  const Folder folder;
  const RunHeader header = any_header();
  std::vector<Evaluation> evaluations = several(any_evaluation);
  std::vector<Action> actions = several(any_action);
  const RunResult result = any_result();
  {
    StoreWriter writer(folder / "run.sqlite", header, {});
    for (const Evaluation& evaluation : evaluations) writer.put(evaluation);
    for (const Action& action : actions) writer.put(action);
    writer.finish(result);
    RC_ASSERT(writer.failure() == "");
  }
  std::stable_sort(evaluations.begin(), evaluations.end(), by_step);
  std::stable_sort(actions.begin(), actions.end(), by_step);
  const StoreReader reader(folder / "run.sqlite");
  RC_ASSERT(same(reader.header(), header));
  RC_ASSERT(same(reader.evaluations(), evaluations));
  RC_ASSERT(same(reader.actions(), actions));
  RC_ASSERT(reader.result().has_value());
  RC_ASSERT(same(*reader.result(), result));
}

}  // namespace
}  // namespace thalweg
