// What `thalweg survey --signal` measures and shows: the signal's way through the layers at the surveyed point, and the
// run so far as heat maps, also as files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/record/signal.h"
#include "thalweg/store/output_folder.h"
#include "thalweg/train/surveyed_network.h"

namespace thalweg::cli {

struct SignalPart {
  Signal signal;
  std::vector<HeatMap> maps;                 // of the run that `run` holds, if any
  std::vector<std::filesystem::path> files;  // SVG, written into `out`
};

SignalPart measure_signal_part(SurveyedNetwork& network, const std::filesystem::path& run, const OutputFolder& out);

}  // namespace thalweg::cli
