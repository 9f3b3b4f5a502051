// The parts of `thalweg survey` beside the landscape itself: what --signal, --coupling and --time measure and show.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/store/output_folder.h"
#include "thalweg/train/surveyed_network.h"

namespace thalweg::cli {

struct SurveyParts {
  bool signal = false;
  bool coupling = false;
  bool time = false;
  bool any() const { return signal || coupling || time; }
};

struct MeasuredPart {
  std::string key;    // in the JSON
  std::string json;   // an object
  std::string panel;  // the same for a person
};

// `run`: the folder whose readings so far are drawn, if it holds any. What is drawn goes into `out`, and its paths into
// `files`. `stage` hears which part begins.
std::vector<MeasuredPart> measure_parts(const SurveyParts& parts, SurveyedNetwork& network,
                                        const std::filesystem::path& run, const OutputFolder& out,
                                        std::vector<std::string>& files,
                                        const std::function<void(std::string_view)>& stage);

// `--only`: a document and a panel of parts alone, without the landscape.
struct PartsAlone {
  std::string subject;
  std::int64_t parameters = 0;
  std::int64_t batches = 0;
  std::int64_t rows = 0;
  double seconds = 0.0;
  std::vector<MeasuredPart> parts;
  std::vector<std::string> notes;
  std::vector<std::string> files;
};
std::string parts_json(const PartsAlone& alone);
std::string parts_panel(const PartsAlone& alone, const std::vector<std::string>& next);

// The JSON object `json` with each part as a further member.
std::string with_parts(std::string json, const std::vector<MeasuredPart>& parts);

}  // namespace thalweg::cli
