// What the curvature engine costs on the frozen problems, one thread, in gradient units: one JSON object a line.
//
//     ./dev bench curvature            this beside the peers, interleaved (bench/curvature.py)
//     curvature_bench P1 top1 --seeds 50     or hvp, top5, bottom1, trace, density, index (P4), warm, warm_fresh
//     curvature_bench growth           cost from 1e4 to 1e7 parameters
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <malloc.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/problems/frozen.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/spectral/density.h"
#include "thalweg/spectral/index.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/spectral/trace.h"
#include "thalweg/train/workbench.h"

namespace {

using namespace thalweg;
using nlohmann::json;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Bench {
  std::string name;
  problems::Frozen problem;
  json reference;
  int seeds = 11;
  std::filesystem::path folder;

  void gradient() const { torch::autograd::grad({problem.loss(problem.inputs, problem.targets)}, problem.parameters); }

  // Product, graph and gradient take turns; medians of ratios.
  json hvp() const {
    std::vector<double> graph, product;
    for (int i = 0; i < 3; ++i) gradient();
    std::int64_t bytes = 0;
    for (int i = 0; i < seeds; ++i) {
      const double unit = seconds([&] { gradient(); });
      std::unique_ptr<HessianOperator> h;
      graph.push_back(
          seconds([&] { h = std::make_unique<HessianOperator>(std::vector{problem.batch()}, problem.parameters); }) /
          unit);
      const at::Tensor v = at::randn({h->dimension()});
      h->apply(v);
      const double again = seconds([&] { gradient(); });
      product.push_back(seconds([&] { h->apply(v); }) / again);
      bytes = h->graph_bytes();
    }
    return {{"graph_gu", median(graph)},
            {"hvp_gu", median(product)},
            {"gradient_ms", 1e3 * seconds([&] { gradient(); })},
            {"graph_bytes", bytes}};
  }

  // All in: graph, products, reorthogonalisation, certificate.
  json eigenvalues(int top, int bottom) const {
    std::vector<double> units, products, errors, inside, graphs;
    int wrong = 0, done = 0;
    const json truth = bottom > 0 ? reference["bottom3"] : reference["top5"];
    for (int i = 0; i < 3; ++i) gradient();
    for (int seed = 0; seed < seeds; ++seed) {
      const double unit = std::min(seconds([&] { gradient(); }), seconds([&] { gradient(); }));
      LanczosResult result;
      const double all = seconds([&] {
        HessianOperator h({problem.batch()}, problem.parameters);
        graphs.push_back(h.cost().seconds / unit);
        result = lanczos(
            h,
            {.top = top, .bottom = bottom, .miss = bottom > 0 ? 1e-3 : 1e-2, .seed = static_cast<std::uint64_t>(seed)});
        inside.push_back(h.cost().seconds / unit);
      });
      double error = 0.0;
      const auto& pairs = bottom > 0 ? result.bottom : result.top;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        error = std::max(error, std::abs(pairs[i].value - truth[i].get<double>()) / std::abs(truth[i].get<double>()));
      }
      done += result.converged ? 1 : 0;
      wrong += result.converged && error > 1e-3 ? 1 : 0;
      units.push_back(all / unit);
      products.push_back(static_cast<double>(result.products));
      errors.push_back(error);
    }
    return {{"gu", median(units)},
            {"gu_operator", median(inside)},
            {"gu_graph", median(graphs)},
            {"hvps", median(products)},
            {"hvps_max", *std::ranges::max_element(products)},
            {"worst_error", *std::ranges::max_element(errors)},
            {"converged", done},
            {"wrong", wrong},
            {"seeds", seeds}};
  }

  // Fresh batches of training data, as many rows as the problem's own.
  std::function<std::pair<at::Tensor, at::Tensor>(std::int64_t)> stream() const {
    const std::int64_t rows = problem.inputs.size(0);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(13);
    if (name == "P3") {
      const at::Tensor text = read_safetensors(folder / "corpus.safetensors").find("corpus")->to(at::kLong);
      return [=](std::int64_t) {
        const at::Tensor first = at::randint(0, text.numel() - 65, {rows, 1}, generator, at::kLong);
        const at::Tensor window = text.take(first + at::arange(65));
        return std::pair(window.slice(1, 0, 64).contiguous(), window.slice(1, 1, 65).reshape(-1));
      };
    }
    const auto bench = std::make_shared<Workbench>(
        recipe::parse_text(fmt::format("threads = 1\n[data]\nformat = \"idx\"\npath = \"fashion-mnist\"\nlimit = "
                                       "20000\n[batch]\nsize = {}\n[model]\nlayers "
                                       "= [{{ type = \"flatten\" }}, {{ type = \"linear\", units = 10 }}]\n",
                                       rows),
                           "curvature_bench", "."));
    return [=, flat = name == "P1"](std::int64_t i) {
      const Batch batch = bench->batches.at(i / bench->batches_per_epoch, i % bench->batches_per_epoch);
      const at::Tensor x = (batch.inputs.to(at::kFloat) - 0.2860) / 0.3530;
      return std::pair(flat ? x.flatten(1) : x, batch.targets);
    };
  }

  // A probe after every SGD step, started from the two Ritz vectors of the one before; the truth by a search from
  // scratch.
  json warm(bool fresh) const {
    const auto batches = stream();
    const problems::Frozen moving = problems::frozen(folder, name);
    const double rate = name == "P3" ? 0.1 : 0.05, tolerance = 1e-2;
    at::Tensor start;
    std::vector<double> products;
    int wrong = 0;
    for (int probe = 0; probe <= seeds; ++probe) {
      const auto [x, y] = fresh ? batches(probe) : std::pair(problem.inputs, problem.targets);
      HessianOperator h({{.loss = [&] { return moving.loss(x, y); }}}, moving.parameters);
      const LanczosResult truth = lanczos(h, {.top = 1, .tolerance = 1e-4, .miss = 1e-3, .seed = 99});
      if (start.defined()) {
        const LanczosResult r = track(h, start, tolerance, static_cast<std::uint64_t>(probe));
        products.push_back(static_cast<double>(r.products));
        wrong += std::abs(r.top[0].value - truth.top[0].value) > 2 * tolerance * truth.top[0].value ? 1 : 0;
        start = at::stack({r.top[0].vector, r.top.at(1).vector});
      } else {
        start = at::stack({truth.top[0].vector, lanczos(h, {.top = 2}).top[1].vector});
      }
      const auto step = unflatten(h.gradient(), moving.parameters);
      for (std::size_t i = 0; i < step.size(); ++i) at::Tensor(moving.parameters[i]).detach().sub_(step[i], rate);
    }
    const auto mean = [](const std::vector<double>& v) {
      return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
    };
    return {{"hvps", mean(products)}, {"wrong", wrong}, {"probes", products.size()}};
  }

  LanczosResult track(LinearOperator& h, const at::Tensor& start, double tolerance, std::uint64_t seed) const {
    return lanczos(h, {.top = 1,
                       .spare = 1,
                       .tolerance = tolerance,
                       .certify = false,
                       .seed = seed,
                       .start = start,
                       .random_share = 0.0});
  }

  // At 30 products: how far from the truth, and how often inside two of the standard errors that were stated.
  json trace() const {
    HessianOperator h({problem.batch()}, problem.parameters);
    const double truth = reference["trace"].get<double>();
    std::vector<double> errors;
    int inside = 0;
    for (int seed = 0; seed < seeds; ++seed) {
      const TraceEstimate t = estimate_trace(h, {.products = 30, .seed = static_cast<std::uint64_t>(seed)});
      errors.push_back(std::abs(t.value - truth) / truth);
      inside += std::abs(t.value - truth) <= 2.0 * t.standard_error ? 1 : 0;
    }
    std::ranges::sort(errors);
    return {{"median_error", errors[errors.size() / 2]},
            {"p95_error", errors[errors.size() * 95 / 100]},
            {"inside_two_errors", inside},
            {"trials", seeds}};
  }

  // 100 products' density over 100 bare products.
  json density() const {
    HessianOperator h({problem.batch()}, problem.parameters);
    const at::Tensor v = at::randn({h.dimension()});
    std::vector<double> ratios;
    for (int i = 0; i < 3; ++i) {
      const double bare = seconds([&] {
        for (int k = 0; k < std::min<int>(100, static_cast<int>(h.dimension())); ++k) h.apply(v);
      });
      ratios.push_back(seconds([&] { spectral_density(h, {.products = 100}); }) / bare);
    }
    return {{"over_bare_products", median(ratios)}};
  }

  json index() const {
    HessianOperator h({problem.batch()}, problem.parameters);
    int wrong = 0;
    std::vector<double> lower, upper;
    for (int seed = 0; seed < seeds; ++seed) {
      const IndexBounds b =
          index_bounds(h, {.confidence = 0.99, .products = 50, .seed = static_cast<std::uint64_t>(seed)});
      const auto spectrum = reference["spectrum"].get<std::vector<double>>();
      const auto below = std::ranges::count_if(spectrum, [&](double x) { return x < -b.epsilon; });
      const auto negative = std::ranges::count_if(spectrum, [](double x) { return x < 0.0; });
      wrong += b.lower > negative || (b.upper && *b.upper < below) ? 1 : 0;
      lower.push_back(static_cast<double>(b.lower));
      upper.push_back(b.upper ? static_cast<double>(*b.upper) : -1.0);
    }
    return {{"lower", median(lower)}, {"upper", median(upper)}, {"wrong", wrong}, {"seeds", seeds}};
  }

  json run(const std::string& what) const {
    if (what == "trace") return trace();
    if (what == "density") return density();
    if (what == "index") return index();
    if (what == "warm") return warm(false);
    if (what == "warm_fresh") return warm(true);
    if (what == "hvp") return hvp();
    if (what == "top1") return eigenvalues(1, 0);
    if (what == "top5") return eigenvalues(5, 0);
    if (what == "bottom1") return eigenvalues(0, 1);
    throw std::invalid_argument("nothing here measures " + what);
  }
};

// Cost in the number of parameters: tanh networks 100-w-w-10 on 256 random rows.
void growth() {
  for (const std::int64_t width : {30, 260, 940, 3100}) {
    at::manual_seed(1);
    const auto leaf = [](std::int64_t rows, std::int64_t columns) {
      return (at::randn({rows, columns}) / std::sqrt(static_cast<double>(columns))).requires_grad_();
    };
    const std::vector<at::Tensor> w{leaf(width, 100), leaf(width, width), leaf(10, width)};
    const at::Tensor x = at::randn({256, 100}), y = at::randint(10, {256}, at::kLong);
    const LossOnBatch batch{.loss = [&] {
      return at::cross_entropy_loss(at::mm(at::tanh(at::mm(at::tanh(at::mm(x, w[0].t())), w[1].t())), w[2].t()), y);
    }};
    torch::autograd::grad({batch.loss()}, w);
    const double unit = median({seconds([&] { torch::autograd::grad({batch.loss()}, w); }),
                                seconds([&] { torch::autograd::grad({batch.loss()}, w); }),
                                seconds([&] { torch::autograd::grad({batch.loss()}, w); })});
    HessianOperator h({batch}, w);
    const at::Tensor v = at::randn({h.dimension()});
    const double product =
        median({seconds([&] { h.apply(v); }), seconds([&] { h.apply(v); }), seconds([&] { h.apply(v); })});
    LanczosResult r;
    const double all = seconds([&] { r = lanczos(h, {.top = 1, .max_vectors = 40}); });
    const double p = static_cast<double>(h.dimension());
    std::cout << json{{"what", "growth"},
                      {"p", h.dimension()},
                      {"gradient_ms", 1e3 * unit},
                      {"hvp_gu", product / unit},
                      {"hvps", r.products},
                      {"converged", r.converged},
                      {"all_gu", all / unit},
                      {"graph_mb", static_cast<double>(h.graph_bytes()) / 1e6},
                      {"basis_mb", 41.0 * 4.0 * p / 1e6}}
                     .dump()
              << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as thalweg-torch does: freed memory stays in the heap
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
  at::set_num_threads(1);
  const std::filesystem::path folder =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "tests/problems/curvature";
  std::ifstream file(folder / "reference.json");
  const json reference = json::parse(file);
  std::vector<std::string> words(argv + 1, argv + argc);
  int seeds = 11;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--seeds") {
      seeds = std::stoi(words[i + 1]);
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    }
  }
  if (words == std::vector<std::string>{"growth"}) {
    growth();
    return 0;
  }
  if (words.empty()) words = {"P1", "P2", "P3", "P4", "hvp", "top1", "top5", "bottom1"};
  std::vector<std::string> names, things;
  for (const std::string& word : words) (word.size() == 2 && word[0] == 'P' ? names : things).push_back(word);
  for (const std::string& name : names) {
    Bench bench{name, problems::frozen(folder, name), reference[name], seeds, folder};
    for (const std::string& what : things) {
      json line = bench.run(what);
      line["problem"] = name;
      line["what"] = what;
      std::cout << line.dump() << std::endl;
    }
  }
}
