// What the checks of the learning rate share: the overshoots they go by, and the remedy they propose.
#pragma once

#include <cstdint>
#include <optional>

#include "thalweg/diagnose/samples.h"
#include "thalweg/record/finding.h"

namespace thalweg {

// The largest overshoot that can be told from its error bar; nothing where none was measured.
std::optional<double> largest_overshoot(const History& history, Steps steps = {});
// The rate in force at a step; NaN where it is not known.
double rate_at(const History& history, std::int64_t step);
// The factor of the learning rate that the overshoots within `steps` ask for: 1/(2ρ) of the largest, the minimum along
// u of the quadratic model, between 1/1000 and 3/10; a tenth where none above 1 was measured.
double rate_factor(const History& history, Steps steps);
// optimizer.lr times `factor`, two digits. The recipe's rate is the schedule's peak. Nothing where no rate is known.
std::optional<Remedy> change_rate(const History& history, double factor, std::int64_t step);

}  // namespace thalweg
