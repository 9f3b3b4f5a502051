#include "thalweg/report/watch_panel.h"

#include <fmt/format.h>

#include <algorithm>

#include "thalweg/report/entries.h"
#include "thalweg/report/finding_panel.h"
#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

std::string cost_words(const WatchView& view) {
  std::string text = fmt::format("took {} of the training time (budget {})", share(view.share), share(view.budget));
  if (view.first > 0.0) text += fmt::format("; first looks aside, {}", duration(view.first));
  if (view.peak_bytes > 0) {
    text += fmt::format("; at most {:.1f} MB at a time", static_cast<double>(view.peak_bytes) / 1e6);
  }
  return text;
}

std::string turn_words(const WatchView& view) {
  std::string text;
  for (const auto& instrument : view.instruments) {
    if (instrument.turns == 0) continue;
    const double every = static_cast<double>(view.steps) / static_cast<double>(instrument.turns);
    text += fmt::format("{}{} every {} steps ({})", text.empty() ? "" : ", ", safe_text(instrument.name),
                        every < 10.0 ? fmt::format("{:.1f}", every) : count(static_cast<std::int64_t>(every)),
                        share(instrument.share));
  }
  return text;
}

std::string idle_words(const WatchView& view) {
  std::string text;
  for (const auto& instrument : view.instruments) {
    if (instrument.turns == 0) text += (text.empty() ? "" : ", ") + safe_text(instrument.name);
  }
  return text;
}

}  // namespace

std::string watch_panel(const WatchView& view, const Look& look) {
  std::string text = painted(safe_text(view.name), Paint::bold, look) +
                     fmt::format(": {} steps watched, {} of training\n", count(view.steps), duration(view.trained));
  text += curve_entries(view.curves, look);
  text += entry("looking", cost_words(view), look);
  if (const std::string turns = turn_words(view); !turns.empty()) text += entry("turns", turns, look);
  if (const std::string idle = idle_words(view); !idle.empty()) text += entry("no turn yet", idle, look);
  if (!view.forecast.empty()) text += entry("forecast", view.forecast, look);
  for (const std::string& note : view.notes) text += entry("note", safe_text(note), look);
  if (!view.store.empty()) text += entry("run", safe_text(view.store), look);
  return text + painted("Verdict", Paint::bold, look) + "\n" + judgement_panel(view.judgement, look);
}

}  // namespace thalweg::report
