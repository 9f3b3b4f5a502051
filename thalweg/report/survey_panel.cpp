#include "thalweg/report/survey_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "thalweg/report/entries.h"
#include "thalweg/report/number.h"
#include "thalweg/report/survey_drawing.h"
#include "thalweg/report/table.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

std::string bytes(std::int64_t count) {
  const auto value = static_cast<double>(count);
  if (value < 1e6) return fmt::format("{:.3g} kB", value / 1e3);
  return value < 1e9 ? fmt::format("{:.3g} MB", value / 1e6) : fmt::format("{:.3g} GB", value / 1e9);
}

std::string plural(std::int64_t n, const std::string& word) { return count(n) + " " + word + (n == 1 ? "" : "s"); }

// --- the verdict

VerdictWords verdict_words(SurveyVerdict verdict) {
  switch (verdict) {
    case SurveyVerdict::saddle:
      return {"a saddle", "there is hardly a slope, but a way down that the gradient does not show", Paint::yellow};
    case SurveyVerdict::minimum:
      return {"a minimum", "there is hardly a slope, and as far as second derivatives see no way down", Paint::green};
    case SurveyVerdict::not_critical:
      return {"no critical point", "there is a slope to go down; the optimizer is neither stuck nor done", Paint::cyan};
    case SurveyVerdict::cannot_tell:
      break;
  }
  return {"cannot tell", "what was measured does not decide between a slope, a saddle and a minimum", Paint::magenta};
}

std::string verdict_panel(const Survey& s, const Look& look) {
  return verdict_entries(verdict_words(s.verdict), s.reasons, s.would_take, look);
}

// --- how steep

std::string slope_words(const Survey& s) {
  const Survey::Gradient& g = s.gradient;
  std::string text = fmt::format("gradient {} long on these batches", number(g.norm));
  if (g.norm > 0.0 && g.rounding > 0.0) {
    text += fmt::format(", {} times its rounding", number(g.norm / g.rounding, 2));
  }
  if (g.samples > 0) {
    const double high = std::sqrt(std::max(0.0, g.norm_sq.high)), low = std::sqrt(std::max(0.0, g.norm_sq.low));
    text += g.norm_sq.low > 0.0
                ? fmt::format("; without their sampling noise {} [{}, {}]",
                              number(std::sqrt(std::max(0.0, g.norm_sq.value))), number(low), number(high))
                : fmt::format("; lost in the sampling noise of {} batches, at most {}", g.samples, number(high));
  }
  if (std::isfinite(g.at_start) && g.at_start > 0.0) {
    text += fmt::format("; it was {} before the first step", number(g.at_start));
  }
  return text;
}

std::string along_gradient_words(const Survey& s) {
  const double g = s.gradient.norm;
  if (!(g > 0.0) || !std::isfinite(s.gHg)) return "";
  const double curvature = s.gHg / g / g;
  const std::string text =
      fmt::format("{} along the gradient (g'Hg = {}, g'g = {})", number(curvature), number(s.gHg), number(g * g));
  if (!(curvature > 0.0)) return text + ": the slope gets steeper that way";
  return text + fmt::format(": a plain gradient step gains most at a rate of {}, and nothing beyond {}",
                            number(1.0 / curvature), number(2.0 / curvature));
}

// --- how curved

std::string error_bar(const Survey::Eigenvalue& e) { return "± " + number(0.5 * (e.high - e.low), 2); }

std::string eigenvalue_table(const Survey& s, const Look& look) {
  const bool crossed = !s.cross_fitted.empty();
  std::vector<Column> columns{{"  eigenvalue"}, {"value", Align::right}, {"error bar", Align::left}, {"certified"}};
  if (crossed) columns.push_back({fmt::format("on {} other batches", s.cross_fitted.front().batches), Align::left});
  Rows rows;
  const auto add = [&](const std::vector<Survey::Eigenvalue>& values, bool top) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string rank = i == 0 ? "" : fmt::format(", {}", i + 1);
      rows.push_back({fmt::format("  {}{}", top ? "top" : "bottom", rank), number(values[i].value, 4),
                      error_bar(values[i]), values[i].converged ? "yes" : "not converged"});
      for (const Survey::CrossFit& c : s.cross_fitted) {
        if (c.top == top && c.rank == static_cast<int>(i) + 1) rows.back().push_back(interval(c.elsewhere));
      }
    }
  };
  add(s.top, true);
  add(s.bottom, false);
  return table(columns, rows, look);
}

std::string bounds_words(const Survey& s) {
  const auto bound = [](double value) {
    return std::isfinite(value) ? number(value, 4) : std::string("no known value");
  };
  return fmt::format("with a probability of {} none lies above {}, and as surely none below {}", number(s.certainty, 4),
                     bound(s.above), bound(s.below));
}

std::string condition_words(const Survey& s) {
  const Survey::Condition& c = s.condition;
  const std::string value = std::isfinite(c.value) ? interval({c.value, c.low, c.high}) + ", "
                            : std::isfinite(c.low) ? number(c.low) + ", "
                                                   : "";
  return value + safe_text(c.meaning);
}

std::string trace_words(const Survey& s) {
  return fmt::format("{} ± {} (one standard error): {} on average over {}", number(s.trace.value, 4),
                     number(s.trace.standard_error, 2), number(s.trace.value / static_cast<double>(s.parameters)),
                     plural(s.parameters, "direction"));
}

std::string index_words(const Survey& s) {
  const Survey::Index& i = s.index;
  const std::string many = i.upper < 0          ? fmt::format("at least {}", count(i.lower))
                           : i.lower == i.upper ? count(i.lower)
                                                : fmt::format("{} to {}", count(i.lower), count(i.upper));
  const std::string all = i.negative > i.lower ? fmt::format("; at least {} bent down at all", count(i.negative)) : "";
  return fmt::format(
      "{} of {} bent down by more than {}{}{}", many, plural(s.parameters, "direction"), number(i.epsilon, 2), all,
      i.upper < 0 ? "" : fmt::format(" (the upper end holds with a probability of {})", number(i.confidence, 4)));
}

std::string growth_words(const Survey& s) {
  std::string text = "λmax ";
  for (const Survey::Growth& g : s.growth) {
    text += fmt::format("{} with {} {}, ", number(g.largest.value), g.batches, g.batches == 1 ? "batch" : "batches");
  }
  text += fmt::format("{} with all {}: a few rows make it look larger than it is",
                      s.top.empty() ? "?" : number(s.top.front().value), s.batches);
  return text;
}

std::string edge_words(const Survey::Stability& e) {
  std::string text = fmt::format("λmax of P⁻¹H {} {}", number(e.largest.value), error_bar(e.largest));
  if (!std::isfinite(e.limit)) return text + fmt::format("; {} has no known limit", safe_text(e.optimizer));
  const double share_of = e.largest.value / e.limit;
  text += fmt::format(", {} of {}'s stability limit {} at rate {} ({})", share(share_of), safe_text(e.optimizer),
                      number(e.limit), number(e.learning_rate), safe_text(e.formula));
  if (e.peak_rate > 1.01 * e.learning_rate) {
    text += fmt::format("; {} of it at the schedule's peak rate {}", share(share_of * e.peak_rate / e.learning_rate),
                        number(e.peak_rate));
  }
  if (e.added > 0.0) text += fmt::format("; weight decay adds {} to every curvature", number(e.added));
  if (!e.caveat.empty()) text += "; " + safe_text(e.caveat);
  if (share_of > 1.0) return text + ": past the edge, where steps along the top direction grow on these batches";
  return share_of > 0.7 ? text + ": at the edge of stability, where healthy runs live (Cohen et al. 2021)" : text;
}

std::string escape_words(const Survey::Escape& e, double loss) {
  if (!(e.gain > 0.0)) return "along the lowest eigenvector no step lowers the loss beyond its rounding";
  std::string text = fmt::format(
      "a step of length {} along the lowest eigenvector ({} way) lowers the loss by {}, to {}", number(e.length),
      e.slope < 0.0 ? "the downhill" : "the better", number(e.gain), number(loss - e.gain));
  if (std::isfinite(e.gain_elsewhere.value)) {
    text += fmt::format("; the gain on the other batches is {}", interval(e.gain_elsewhere));
  }
  if (e.still_falling) text += "; it still falls where the search ended";
  return text;
}

std::string layer_table(const Survey& s, const Look& look) {
  Rows rows;
  const double all = s.gradient.norm * s.gradient.norm;
  for (const Survey::Layer& l : s.layers) {
    rows.push_back({"  " + safe_text(l.name), count(l.parameters), number(l.largest.value), error_bar(l.largest),
                    number(l.smallest.value), error_bar(l.smallest),
                    all > 0.0 ? share(l.gradient_sq / all) : std::string("–")});
  }
  return table({{"  layer"},
                {"parameters", Align::right},
                {"top", Align::right},
                {"error bar"},
                {"bottom", Align::right},
                {"error bar"},
                {"of g'g", Align::right}},
               rows, look);
}

std::string cost_words(const Survey& s) {
  const Survey::Cost& c = s.cost;
  std::string text = fmt::format("{}, {}; {}", plural(c.hvps, "Hessian-vector product"), plural(c.forwards, "forward"),
                                 duration(c.seconds));
  if (std::isfinite(c.gradient_units)) text += fmt::format(", as long as {} gradients", number(c.gradient_units));
  return text + "; memory: " + memory_words(s.memory);
}

std::string heading(const Survey& s, const Look& look) {
  const std::string rows = s.rows > 0 ? fmt::format(" with {} rows in all", count(s.rows)) : "";
  return painted(cut(safe_text(s.subject), look.width), Paint::bold, look) + "\n" +
         short_entry("surveyed",
                     fmt::format("{}, {}{}; loss {}", plural(s.parameters, "parameter"),
                                 s.batches == 1 ? "1 batch" : count(s.batches) + " batches", rows, number(s.loss)),
                     look);
}

std::string curvature_panel(const Survey& s, const Look& look) {
  if (s.top.empty()) return "";
  std::string text = painted("Curvature", Paint::bold, look) + "\n" + eigenvalue_table(s, look);
  text += short_entry("bounds", bounds_words(s), look) + short_entry("condition", condition_words(s), look);
  if (const std::string along = along_gradient_words(s); !along.empty()) text += short_entry("along g", along, look);
  if (std::isfinite(s.trace.value)) text += short_entry("trace", trace_words(s), look);
  if (!s.growth.empty()) text += short_entry("batches", growth_words(s), look);
  if (s.stability) text += short_entry("edge", edge_words(*s.stability), look);
  return text;
}

std::string way_down_panel(const Survey& s, const Look& look) {
  if (s.bottom.empty()) return "";
  std::string text = painted("Ways down", Paint::bold, look) + "\n";
  if (std::isfinite(s.index.epsilon)) text += short_entry("index", index_words(s), look);
  if (s.escape) text += short_entry("tried", escape_words(*s.escape, s.loss), look);
  return text;
}

}  // namespace

std::string memory_words(const Survey::Memory& m) {
  const std::string streamed =
      m.streamed == 0 ? "" : fmt::format(" (and {} built anew for each product: they do not fit)", m.streamed);
  return fmt::format("graphs {} × {}{}, vectors {}: {} (limit {})", m.graphs, bytes(m.graph_bytes), streamed,
                     bytes(m.vector_bytes), bytes(m.total()), bytes(m.limit));
}

std::string survey_panel(const Survey& s, const std::vector<std::string>& next, const Look& look) {
  const auto title = [&](const char* words) { return painted(words, Paint::bold, look) + "\n"; };
  std::string text = heading(s, look) + title("Verdict") + verdict_panel(s, look);
  if (std::isfinite(s.gradient.norm)) text += title("Slope") + short_entry("gradient", slope_words(s), look);
  text += curvature_panel(s, look) + way_down_panel(s, look);
  if (!s.layers.empty()) text += title("Layers, each moved alone") + layer_table(s, look);
  text += survey_drawings(s, look);
  text += title("Cost") + short_entry("took", cost_words(s), look);
  for (const std::string& note : s.notes) text += short_entry("note", safe_text(note), look);
  for (const std::string& file : s.files) text += short_entry("drawn", safe_text(file), look);
  if (!next.empty()) text += title("Next");
  for (const std::string& command : next) text += "  " + safe_text(command) + "\n";
  return text;
}

}  // namespace thalweg::report
