// DataStatistics of the training part.
#pragma once

#include "thalweg/data/dataset.h"
#include "thalweg/data/measure.h"
#include "thalweg/data/targets.h"

namespace thalweg {

// `columns`: moments of the scaled inputs, column by column.
void describe_inputs(const Moments& columns, const Layout& layout, DataStatistics& statistics);
// `train`: targets as the part holds them.
void describe_targets(const at::Tensor& train, const DataInfo& info, DataStatistics& statistics);

}  // namespace thalweg
