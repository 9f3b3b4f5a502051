#include "thalweg/diagnose/bad_initialization.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

constexpr std::string_view kRuns = "limit from tools/start_limits.py";

struct Told {
  std::vector<std::string> words;
  std::vector<Evidence> evidence;
  bool fault = false;
  void add(std::string word, const Evidence& shown, bool is_fault) {
    words.push_back(std::move(word));
    evidence.push_back(shown);
    fault = fault || is_fault;
  }
};

void judge_loss(const History& history, const BadInitializationOptions& options, Told& told) {
  const double initial = first_value(history, Quantity::initial_loss),
               constant = first_value(history, Quantity::constant_loss);
  const bool inputs = first_value(history, Quantity::input_rms) > options.inputs.largest_rms;
  if (inputs || !(constant > 0.0) || initial <= options.loud * constant) return;
  told.add(fmt::format("the first loss is {:.3g}, where the best constant prediction has {:.3g}", initial, constant),
           {Quantity::initial_loss, "", initial, options.loud * constant, std::string(kRuns)},
           !(initial <= options.very_loud * constant));
}

// The first reading, where it is of the start.
double at_start(const History& history, Quantity quantity, Scope scope) {
  const auto series = history.series(quantity, scope);
  return series.empty() || series.front().step != 0 ? std::numeric_limits<double>::quiet_NaN() : series.front().value;
}

struct Spread {
  std::string layer;
  double value = 0.0;
  double rms = 0.0;
};

// Layers in the order of the forward: their scopes are numbered so.
std::vector<Spread> spreads_of(const History& history) {
  std::vector<Spread> result;
  for (const Scope scope : history.scopes(Quantity::activation_rms)) {
    const double rms = at_start(history, Quantity::activation_rms, scope),
                 correlation = at_start(history, Quantity::input_correlation, scope);
    // Outputs of zero have no correlation, and tell nothing apart.
    const double spread = rms == 0.0 ? 0.0 : rms * std::sqrt(std::max(0.0, 1.0 - correlation));
    if (scope != kWholeModel && !std::isnan(spread)) result.push_back({history.scopes_table.name(scope), spread, rms});
  }
  return result;
}

void judge_forward(const History& history, const BadInitializationOptions& options, Told& told) {
  std::vector<Spread> spreads = spreads_of(history);
  if (spreads.size() < 2) return;
  spreads.pop_back();  // the output layer
  const Spread& last = spreads.back();
  const auto say = [&](std::string words, double limit) {
    told.add(std::move(words),
             {Quantity::activation_rms, last.layer, last.value, limit,
              fmt::format("times √(1 − input_correlation); {}", kRuns)},
             true);
  };
  const bool nowhere = std::ranges::all_of(spreads, [&](const Spread& s) { return s.value <= options.faint * s.rms; });
  if (nowhere) {
    say("no hidden layer tells two rows apart: each puts out the same for all", options.faint * last.rms);
    return;
  }
  if (spreads.size() < 2) return;
  const auto largest = std::ranges::max_element(spreads, {}, &Spread::value);
  if (!(last.value < options.faint * largest->value)) return;
  say(fmt::format("what tells rows apart shrinks from {:.2g} in {} to {:.2g} in {}", largest->value, largest->layer,
                  last.value, last.layer),
      options.faint * largest->value);
}

// ‖∂L/∂W‖ ‖W‖ of each layer, all its parameters together; those that nothing pulls at all are left out.
std::map<std::string, double> pulls_of(const History& history) {
  std::map<std::string, std::pair<double, double>> sums;
  for (const Scope scope : history.scopes(Quantity::gradient_sq)) {
    const std::string& name = history.scopes_table.name(scope);
    if (scope == kWholeModel) continue;
    auto& [gradient, weight] = sums[name.substr(0, name.rfind('.'))];
    gradient += first_value(history, Quantity::gradient_sq, scope);
    weight += first_value(history, Quantity::weight_sq, scope);
  }
  std::map<std::string, double> pulls;
  for (const auto& [layer, sum] : sums) {
    const double pull = std::sqrt(sum.first) * std::sqrt(sum.second);
    if (pull > 0.0 && std::isfinite(pull)) pulls[layer] = pull;
  }
  return pulls;
}

void judge_backward(const History& history, const BadInitializationOptions& options, Told& told) {
  const auto pulls = pulls_of(history);
  if (pulls.size() < 2) return;
  const auto by_pull = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [low, high] = std::minmax_element(pulls.begin(), pulls.end(), by_pull);
  if (!(low->second < options.faint_pull * high->second)) return;
  told.add(fmt::format("the gradient pulls at {} only {:.1g} times as much as at {}", low->first,
                       low->second / high->second, high->first),
           {Quantity::gradient_sq, low->first, low->second / high->second, options.faint_pull,
            fmt::format("its root, times that of weight_sq, beside {}; {}", high->first, kRuns)},
           true);
}

void judge_scales(const History& history, const BadInitializationOptions& options, Told& told) {
  std::string smallest, largest;
  double low = options.smallest_scale, high = options.largest_scale;
  for (const Scope scope : history.scopes(Quantity::weight_spectral_scale)) {
    const double scale = first_value(history, Quantity::weight_spectral_scale, scope);
    const std::string& name = history.scopes_table.name(scope);
    if (scale > 0.0 && scale < low) std::tie(low, smallest) = std::pair(scale, name);
    if (scale > high) std::tie(high, largest) = std::pair(scale, name);
  }
  const auto say = [&](const std::string& layer, double scale, double limit, std::string_view does) {
    told.add(fmt::format("{} {} {:.2g} times its size", layer, does, scale),
             {Quantity::weight_spectral_scale, layer, scale, limit, std::string(kRuns)}, true);
  };
  if (!smallest.empty()) say(smallest, low, options.smallest_scale, "lets its input through at no more than");
  if (!largest.empty()) say(largest, high, options.largest_scale, "blows its input up to");
}

bool was_read(const History& history) {
  return !history.scopes(Quantity::weight_spectral_scale).empty() || !history.series(Quantity::initial_loss).empty();
}

}  // namespace

Judgement judge_bad_initialization(const History& history, const BadInitializationOptions& options) {
  if (!was_read(history)) {
    return {.verdict = Verdict::cannot_tell, .findings = {}, .reason = "nothing was read before the first step"};
  }
  Told told;
  judge_forward(history, options, told);
  judge_backward(history, options, told);
  judge_scales(history, options, told);
  judge_loss(history, options, told);
  if (told.words.empty()) {
    return {.verdict = Verdict::healthy, .findings = {}, .reason = "the start keeps loss and signal at a usual size"};
  }
  const auto level = loss_level(history);
  const bool learnt = level && level->floor > 0.0 && level->recent < options.learnt * level->floor;
  Finding finding{.code = "bad_initialization",
                  .severity = told.fault && !learnt ? Severity::fault : Severity::warning};
  finding.message = fmt::format(
      "The weights start at a bad scale: {}.{} Let each layer keep the size of its input: model.init.kind = "
      "\"orthogonal\", or \"lsuv\", which measures it; thalweg check tries them.",
      fmt::join(told.words, "; "), learnt ? " The run learns in spite of it." : "");
  finding.evidence = told.evidence;
  finding.remedies = {{.lever = "model.init.kind", .value = "\"lsuv\"", .trial = {}},
                      {.lever = "model.init.kind", .value = "\"orthogonal\"", .trial = {}}};
  const bool fault = finding.severity == Severity::fault;
  return {.verdict = fault ? Verdict::fault : Verdict::healthy,
          .findings = {finding},
          .reason = fault ? "" : finding.message};
}

}  // namespace thalweg
