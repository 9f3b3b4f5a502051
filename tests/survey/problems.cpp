#include "tests/survey/problems.h"

#include <ATen/CPUGeneratorImpl.h>

#include "test_paths.h"
#include "thalweg/data/safetensors.h"

namespace thalweg::testing {
namespace {

at::Tensor leaf(const at::Tensor& t) { return t.detach().clone().requires_grad_(true); }

SurveyProblem tanh_network(std::vector<at::Tensor> w, const at::Tensor& x, const at::Tensor& y, double scale) {
  SurveyProblem problem{.subject = "a small network",
                        .parameters = {{"first.weight", leaf(w[0])},
                                       {"first.bias", leaf(w[1])},
                                       {"second.weight", leaf(w[2])},
                                       {"second.bias", leaf(w[3])}},
                        .rows = x.size(0)};
  problem.batches.push_back({[p = problem.parameters, x, y, scale] {
    const at::Tensor hidden = at::tanh(at::linear(x, p[0].second, p[1].second));
    return scale * at::mse_loss(at::linear(hidden, p[2].second, p[3].second), y);
  }});
  return problem;
}

}  // namespace

SurveyProblem at_point(const at::Tensor& where, const std::function<at::Tensor(const at::Tensor&)>& loss) {
  const at::Tensor theta = leaf(where);
  return {.subject = "a point",
          .parameters = {{"point.weight", theta}},
          .batches = {{[theta, loss] { return loss(theta); }}}};
}

SurveyProblem quadratic(const std::vector<double>& eigenvalues, double offset, at::ScalarType type) {
  const auto n = static_cast<std::int64_t>(eigenvalues.size());
  auto generator = at::make_generator<at::CPUGeneratorImpl>(17);
  const at::Tensor q = std::get<0>(at::linalg_qr(at::randn({n, n}, generator, at::TensorOptions(at::kDouble))));
  const at::Tensor a = at::mm(q * at::tensor(eigenvalues, at::TensorOptions(at::kDouble)), q.t()).to(type).contiguous();
  return at_point(at::zeros({n}, type),
                  [a, offset](const at::Tensor& t) { return 0.5 * t.dot(at::mv(a, t)) + offset; });
}

SurveyProblem p4(double scale) {
  const SafetensorsFile file =
      read_safetensors(std::filesystem::path(test_paths::kSource) / "tests/problems/curvature/P4.safetensors");
  std::vector<at::Tensor> w;
  for (const char* name : {"param.0.weight", "param.0.bias", "param.2.weight", "param.2.bias"})
    w.push_back(*file.find(name));
  return tanh_network(w, *file.find("batch.x"), *file.find("batch.y"), scale);
}

SurveyProblem small_network(std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto random = [&](at::IntArrayRef sizes) { return at::randn(sizes, generator, at::TensorOptions(at::kFloat)); };
  const std::vector<at::Tensor> w{random({8, 4}), random({8}), random({2, 8}), random({2})};
  const at::Tensor x = random({64, 4}), y = random({64, 2});
  return tanh_network(w, x, y, 1.0);
}

}  // namespace thalweg::testing
