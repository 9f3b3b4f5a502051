#include "thalweg/survey/problem.h"

#include <ATen/ATen.h>

namespace thalweg {

std::vector<at::Tensor> leaves(const SurveyProblem& problem) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : problem.parameters) result.push_back(tensor);
  return result;
}

std::int64_t dimension_of(const SurveyProblem& problem) {
  std::int64_t p = 0;
  for (const auto& [name, tensor] : problem.parameters) p += tensor.numel();
  return p;
}

std::vector<LayerRange> layer_ranges(const SurveyProblem& problem) {
  std::vector<LayerRange> result;
  std::int64_t begin = 0;
  for (const auto& [name, tensor] : problem.parameters) {
    const std::string layer = name.substr(0, name.rfind('.'));
    if (result.empty() || result.back().name != layer) result.push_back({layer, begin, begin});
    begin += tensor.numel();
    result.back().end = begin;
  }
  return result;
}

std::vector<std::string> not_finite_parameters(const SurveyProblem& problem) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : problem.parameters) {
    if (!tensor.detach().isfinite().all().item<bool>()) result.push_back(name);
  }
  return result;
}

std::vector<std::string> not_finite_layers(const SurveyProblem& problem, const at::Tensor& flat) {
  std::vector<std::string> result;
  for (const LayerRange& layer : layer_ranges(problem)) {
    if (!flat.slice(0, layer.begin, layer.end).isfinite().all().item<bool>()) result.push_back(layer.name);
  }
  return result;
}

}  // namespace thalweg
