#include "thalweg/diagnose/symmetric_initialization.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "thalweg/diagnose/samples.h"

namespace thalweg {
namespace {

struct Copies {
  std::string layer;
  double share = 0.0;
  double scale = 1.0;  // weight_spectral_scale: 0 where all weights are
};

// Layers with copies, the worst first.
std::vector<Copies> copies_of(const History& history) {
  std::vector<Copies> result;
  for (const Scope scope : history.scopes(Quantity::symmetric_units)) {
    const double share = first_value(history, Quantity::symmetric_units, scope);
    if (!(share > 0.0)) continue;
    result.push_back({.layer = history.scopes_table.name(scope),
                      .share = share,
                      .scale = first_value(history, Quantity::weight_spectral_scale, scope)});
  }
  std::ranges::stable_sort(result, std::ranges::greater{}, &Copies::share);
  return result;
}

std::string words_of(const Copies& copies) {
  return fmt::format("{} ({:.0f}%{})", copies.layer, 100.0 * copies.share,
                     copies.scale == 0.0 ? ", all weights zero" : "");
}

Finding finding_of(const std::vector<Copies>& all, const SymmetricInitializationOptions& options) {
  constexpr std::size_t kMost = 4;  // layers in the message
  std::string layers;
  for (std::size_t i = 0; i < std::min(kMost, all.size()); ++i) layers += (i > 0 ? ", " : "") + words_of(all[i]);
  if (all.size() > kMost) layers += fmt::format(" and {} more", all.size() - kMost);
  Finding finding{.code = "symmetric_initialization",
                  .severity = all.front().share >= options.share ? Severity::fault : Severity::warning};
  finding.scope = all.front().layer;
  finding.message = fmt::format(
      "Units start as copies of each other: {}. Equal weights get equal gradients, so no step tells them apart, and "
      "the "
      "layer is worth a single one of them. Draw the weights at random: model.init.kind = \"default\".",
      layers);
  finding.evidence = {{Quantity::symmetric_units, all.front().layer, all.front().share, options.share,
                       "Goodfellow, Bengio, Courville 2016, section 8.4; a random draw has 0"}};
  finding.remedies = {{.lever = "model.init.kind", .value = "\"default\"", .trial = {}}};
  return finding;
}

}  // namespace

Judgement judge_symmetric_initialization(const History& history, const SymmetricInitializationOptions& options) {
  if (history.scopes(Quantity::symmetric_units).empty()) {
    return {
        .verdict = Verdict::cannot_tell, .findings = {}, .reason = "the layers were not read before the first step"};
  }
  const std::vector<Copies> copies = copies_of(history);
  if (copies.empty()) {
    return {.verdict = Verdict::healthy, .findings = {}, .reason = "no two units of a layer start alike"};
  }
  const Finding finding = finding_of(copies, options);
  const bool fault = finding.severity == Severity::fault;
  return {.verdict = fault ? Verdict::fault : Verdict::healthy,
          .findings = {finding},
          .reason = fault ? "" : finding.message};
}

}  // namespace thalweg
