// What a repair may touch, as `doctor.levers` names it.
#pragma once

#include <string_view>

namespace thalweg::recipe {

inline constexpr std::string_view kLevers[] = {
    "lr",      "schedule", "warmup",        "optimizer",      "momentum",       "batch_size",
    "shuffle", "clip",     "init",          "activation",     "output",         "normalization",
    "dropout", "width",    "input_scaling", "target_scaling", "regularization", "steps",
    "stop",    "metric",   "test_scaling"};

}  // namespace thalweg::recipe
