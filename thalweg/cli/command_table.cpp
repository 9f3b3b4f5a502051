#include "thalweg/cli/command_table.h"

#include <algorithm>

namespace thalweg::cli {
namespace {

constexpr Command kCommands[] = {
    {"train", "R.toml", "train a recipe, watched; writes a run folder", "thalweg train examples/fashion_cnn.toml",
     true},
    {"check", "R.toml",
     "before the first step: loss, signal by depth and in time, copied units, a first rate, one batch learnt",
     "thalweg check examples/fashion_cnn.toml", true},
    {"survey", "RUN|CHECKPOINT",
     "where a network stands: slope, curvature, saddle or minimum, certified; signal, coupling, time",
     "thalweg survey runs/fashion-cnn-0\n  thalweg survey runs/fashion-cnn-0 --only signal,coupling", true},
    {"connect", "RUN_A RUN_B",
     "whether two networks are the same minimum, up to the order of their units; the barrier between",
     "thalweg connect runs/a runs/b", true},
    {"fold", "RUN|CHECKPOINT", "writes the network without its batch norms: folded into the layers before them",
     "thalweg fold runs/a", true},
    {"compare", "RUN…", "runs beside each other: results, loss curves, seeds, recipes", "thalweg compare runs/a runs/b",
     false},
    {"export", "RUN --to csv|json PATH", "a run's readings, results and recipe, for other programs",
     "thalweg export runs/a --to csv a-tables", false},
    {"explain", "[TERM]", "what a quantity, a finding or a recipe key means", "thalweg explain overshoot", false},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* command_named(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& c) { return c.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

}  // namespace thalweg::cli
