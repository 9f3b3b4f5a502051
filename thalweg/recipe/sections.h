// The sections of the recipe, one file each in sections/.
#pragma once

#include "thalweg/recipe/recipe.h"
#include "thalweg/recipe/schema.h"

namespace thalweg::recipe {

const Section<Recipe>& recipe_section();
const Section<Data>& data_section();
const Section<Batch>& batch_section();
const Section<Model>& model_section();
const Section<Layer>& layer_section();
const Section<Init>& init_section();
const Section<Loss>& loss_section();
const Section<Metric>& metric_section();
const Section<Optimizer>& optimizer_section();
const Section<Schedule>& schedule_section();
const Section<Stop>& stop_section();
const Section<Watch>& watch_section();
const Section<Act>& act_section();
const Section<Doctor>& doctor_section();
const Section<Checkpoint>& checkpoint_section();

}  // namespace thalweg::recipe
