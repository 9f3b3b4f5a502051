#include "thalweg/observe/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

#include "thalweg/observe/curvature/critical_step.h"
#include "thalweg/observe/curvature/edge.h"
#include "thalweg/observe/curvature/extremes.h"
#include "thalweg/observe/curvature/ill_conditioning.h"
#include "thalweg/observe/curvature/overshoot.h"
#include "thalweg/observe/gradient/moment_ratio.h"
#include "thalweg/observe/gradient/noise_scale.h"
#include "thalweg/observe/gradient/step_norms.h"
#include "thalweg/observe/gradient/update_norms.h"
#include "thalweg/observe/interaction/coupling.h"
#include "thalweg/observe/normalization/normalization.h"
#include "thalweg/observe/propagation/passing_signal.h"
#include "thalweg/observe/propagation/units.h"
#include "thalweg/observe/recurrence/in_time.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

template <class T>
std::unique_ptr<Instrument> make() {
  return std::make_unique<T>();
}

struct Entry {
  std::string_view name;
  std::unique_ptr<Instrument> (*make)();
  std::initializer_list<Quantity> says;  // what attention asks for
};
const Entry kCatalogue[] = {
    {StepNorms::kName, make<StepNorms>, {}},
    {UpdateNorms::kName, make<UpdateNorms>, {}},
    {Overshoot::kName, make<Overshoot>, {Quantity::overshoot_secant}},
    {IllConditioning::kName, make<IllConditioning>, {Quantity::overshoot}},
    {Edge::kName, make<Edge>, {Quantity::edge_ratio}},
    {Extremes::kName, make<Extremes>, {Quantity::batch_lambda_min}},
    {CriticalStep::kName, make<CriticalStep>, {}},
    {NoiseScale::kName, make<NoiseScale>, {}},
    {NoisePairs::kName, make<NoisePairs>, {}},
    {MomentRatio::kName, make<MomentRatio>, {}},
    {PassingSignal::kName, make<PassingSignal>, {Quantity::activation_gradient_rms}},
    {Units::kName, make<Units>, {Quantity::dead_units}},
    {InTime::kName, make<InTime>, {Quantity::memory_horizon}},
    {LayerCoupling::kName, make<LayerCoupling>, {}},
    {Normalization::kName, make<Normalization>, {}},
};

constexpr std::string_view kStandpoint = "standpoint";
constexpr std::string_view kUpdateNorms = UpdateNorms::kName;

}  // namespace

bool looks_at_standpoint(const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [](const auto& n) { return n == "auto" || n == "all" || n == kStandpoint; });
}

std::string_view instrument_of(Quantity quantity) {
  for (const Entry& entry : kCatalogue) {
    if (std::ranges::find(entry.says, quantity) != entry.says.end()) return entry.name;
  }
  return "";
}

std::vector<std::unique_ptr<Instrument>> make_instruments(const std::vector<std::string>& names,
                                                          const CatalogueOptions& options) {
  std::vector<std::unique_ptr<Instrument>> result;
  std::vector<std::string_view> known{"auto", "all", "none"};
  for (const Entry& entry : kCatalogue) known.push_back(entry.name);
  known.push_back(kStandpoint);
  for (const std::string& name : names) {
    if (name == "none" || name == kStandpoint || (options.free_sums && name == kUpdateNorms)) continue;
    const std::size_t before = result.size();
    for (const Entry& entry : kCatalogue) {
      const bool named = name == "auto" || name == "all" || name == entry.name;
      const bool said_already = options.free_sums && entry.name == kUpdateNorms;
      if (named && !said_already) result.push_back(entry.make());
    }
    if (result.size() > before) continue;
    const std::string near = nearest(name, known);
    throw UsageError(fmt::format("watch.instruments: there is no instrument '{}'; allowed: {}{}", printable(name),
                                 fmt::join(known, ", "),
                                 near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  return result;
}

}  // namespace thalweg
