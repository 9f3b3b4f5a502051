#include "thalweg/report/connect_panel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "thalweg/report/connect_drawing.h"
#include "thalweg/report/entries.h"
#include "thalweg/report/number.h"
#include "thalweg/report/table.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

VerdictWords words_of(ConnectionVerdict verdict) {
  switch (verdict) {
    case ConnectionVerdict::same:
      return {"yes", "the same minimum, up to the order of the units", Paint::green};
    case ConnectionVerdict::apart:
      return {"no", "as far as these alignments go, the two lie in different minima", Paint::yellow};
    case ConnectionVerdict::cannot_tell:
      break;
  }
  return {"cannot tell", "what was measured does not decide whether it is the same minimum", Paint::magenta};
}

std::string verdict_panel(const Connection& c, const Look& look) {
  return verdict_entries(words_of(c.verdict), c.reasons, c.would_take, look);
}

// --- the symmetry

std::string count_words(const Connection& c) {
  std::string text = fmt::format("2^{} arrangements of the units compute the same function, at least",
                                 count(static_cast<std::int64_t>(std::llround(c.bits()))));
  if (c.sign_bits > 0.0) {
    text += fmt::format(" (2^{} by order, 2^{} by sign)",
                        count(static_cast<std::int64_t>(std::llround(c.permutation_bits))),
                        count(static_cast<std::int64_t>(std::llround(c.sign_bits))));
  }
  std::vector<const Connection::Group*> free;
  for (const Connection::Group& g : c.groups) {
    if (g.permutation_bits > 0.0) free.push_back(&g);
  }
  const bool equal = free.size() > 1 && std::ranges::all_of(free, [&](const Connection::Group* g) {
                       return g->size == free.front()->size && g->blocks == 1;
                     });
  if (equal)
    text += fmt::format(": n!^m, with m = {} groups of n = {} that can be permuted", free.size(), free.front()->size);
  if (c.flat_dimensions > 0) {
    text += fmt::format("; and {} directions, along which units are scaled, change nothing either",
                        count(c.flat_dimensions));
  }
  return text;
}

std::string group_table(const Connection& c, const Look& look) {
  Rows rows;
  for (const Connection::Group& g : c.groups) {
    if (g.permutation_bits == 0.0 && g.sign_bits == 0.0 && g.dimensions == 0) continue;
    std::string tied;
    if (g.layers.size() > 1) tied = fmt::format("written by {} layers", g.layers.size());
    if (g.blocks > 1) tied += fmt::format("{}in {} groups", tied.empty() ? "" : ", ", g.blocks);
    rows.push_back({"  " + safe_text(g.name), fmt::format("{} {}", count(g.size), g.what),
                    number(g.permutation_bits, 4),
                    g.sign_bits > 0.0 ? count(static_cast<std::int64_t>(g.sign_bits)) : "–",
                    g.dimensions > 0 ? count(g.dimensions) : "–", std::isfinite(g.moved) ? share(g.moved) : "–", tied});
  }
  return table({{"  group"},
                {"size"},
                {"bits of order", Align::right},
                {"of sign", Align::right},
                {"scales", Align::right},
                {"moved", Align::right},
                {""}},
               rows, look);
}

// --- the barriers

std::string alignment_words(const Connection& c) {
  std::string text = fmt::format("as they are, cosine {} and {} apart", number(c.similarity), number(c.distance));
  for (const auto& a : c.alignments) {
    text += fmt::format("; aligned by {}, {} and {}", a.method, number(a.similarity), number(a.distance));
  }
  return text;
}

std::string band(const Interval& barrier) {
  return std::isfinite(barrier.low) ? interval(barrier) : number(barrier.value);
}

// "by weights, repaired"
std::string short_name(std::string name) {
  if (name.starts_with("aligned ")) name.erase(0, 8);
  const std::string long_words = ", statistics repaired";
  if (name.ends_with(long_words)) name.replace(name.size() - long_words.size(), long_words.size(), ", repaired");
  return name;
}

std::string points(const Connection& c, const Connection::Part& part) {
  const Interval& lost = part.metric_barrier;
  if (!c.metric_is_share) return number(lost.value);
  return fmt::format("{:.1f} [{:.1f}, {:.1f}]", 100.0 * lost.value, 100.0 * lost.low, 100.0 * lost.high);
}

// On the rows of one part.
std::string barrier_table(const Connection& c, std::size_t part, const Look& look) {
  Rows rows;
  for (const Connection::Path& path : c.paths) {
    const Connection::Part& here = path.parts[part];
    rows.push_back({"  " + short_name(path.name), band(here.barrier)});
    if (!here.metric.empty()) rows.back().push_back(points(c, here));
  }
  std::vector<Column> columns{{part == 0 ? "  training rows" : "  held-out rows"}, {"loss barrier", Align::right}};
  if (!c.metric.empty()) {
    columns.push_back({c.metric + (c.metric_is_share ? " lost, points" : " lost"), Align::right});
  }
  return table(columns, rows, look);
}

std::string cost_words(const Connection& c) {
  std::string text =
      fmt::format("{}; {} forwards over a part's rows", duration(c.cost.seconds), count(c.cost.forwards));
  if (std::isfinite(c.cost.gradient_units)) {
    text += fmt::format("; as long as {} gradients on the training rows", number(c.cost.gradient_units));
  }
  return text;
}

std::string ends_words(const Connection& c) {
  const auto& part = c.paths.front().parts.front();
  return fmt::format("training loss {} and {} on {} rows; the best constant prediction has {}",
                     number(part.loss.front()), number(part.loss.back()), count(part.rows), number(c.constant_loss));
}

}  // namespace

std::string connect_panel(const Connection& c, const std::vector<std::string>& next, const Look& look) {
  const auto title = [&](const char* words) { return painted(words, Paint::bold, look) + "\n"; };
  std::string text =
      painted(cut(safe_text(c.subject_a + "  and  " + c.subject_b), look.width), Paint::bold, look) + "\n";
  text += short_entry("of", count(c.parameters) + " parameters each", look);
  if (!c.paths.empty()) text += short_entry("ends", ends_words(c), look);
  text += title("The same minimum, up to symmetry?") + verdict_panel(c, look);
  text += title("Symmetry") + short_entry("in all", count_words(c), look) + group_table(c, look);
  if (!c.paths.empty()) {
    text += title("Alignment") + short_entry("weights", alignment_words(c), look);
    if (std::isfinite(c.function_change)) {
      text += short_entry("function",
                          fmt::format("rearranging the second network ({}) changes its outputs by {} of their size",
                                      c.chosen, number(c.function_change, 2)),
                          look);
    }
    text += title("Barrier: how far the loss rises above the line between its ends") + barrier_table(c, 0, look);
    if (c.paths.front().parts.size() > 1) text += barrier_table(c, 1, look);
    text += connect_plot(c, look);
  }
  text += title("Cost") + short_entry("took", cost_words(c), look);
  for (const std::string& note : c.notes) text += short_entry("note", safe_text(note), look);
  for (const std::string& file : c.files) text += short_entry("drawn", safe_text(file), look);
  if (!next.empty()) text += title("Next");
  for (const std::string& command : next) text += "  " + safe_text(command) + "\n";
  return text;
}

}  // namespace thalweg::report
