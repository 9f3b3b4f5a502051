// Scaling of targets, fitted on the training part.
//
// real     t' = (t − shift) / scale for each column; none | standardize | minmax | <number>
// classes  only <number>: divided and cut to whole numbers, as happens to labels that are left in the inputs' scale
#pragma once

#include "thalweg/data/dataset.h"
#include "thalweg/data/targets.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// `parts`: the targets of the parts, already split; on return as the parts hold them (real: float32). Fills in what
// DataInfo says of targets. UsageErrors: a scaling that the kind of target does not take.
void scale_targets(const recipe::Data& data, Targets& parts, DataInfo& info, std::vector<std::string>& notes);

}  // namespace thalweg
