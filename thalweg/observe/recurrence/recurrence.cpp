#include "thalweg/observe/recurrence/recurrence.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <optional>
#include <string>

#include "thalweg/observe/recurrence/gradient_in_time.h"
#include "thalweg/observe/recurrence/lyapunov.h"
#include "thalweg/observe/recurrence/matrix_powers.h"

namespace thalweg {
namespace {

std::optional<CellKind> kind_of(std::string_view type) {
  if (type == "rnn") return CellKind::rnn;
  if (type == "gru") return CellKind::gru;
  if (type == "lstm") return CellKind::lstm;
  return std::nullopt;
}

struct Heard {
  std::string layer, type;
  CellKind kind;
  at::Tensor input, output;
};

class Hearer final : public Tap {
 public:
  void passed(const Passage& p) override {
    const auto kind = kind_of(p.type);
    if (kind) heard.push_back({std::string(p.layer), std::string(p.type), *kind, p.input, p.before});
  }
  std::vector<Heard> heard;
};

std::vector<Cell> cells_of(const Heard& heard, const WeightOf& weight_of) {
  std::vector<Cell> cells;
  for (int level = 0;; ++level) {
    const auto weight = [&](std::string_view part) {
      const at::Tensor w = weight_of(fmt::format("{}.{}_l{}", heard.layer, part, level));
      return w.defined() ? w.detach().to(at::kDouble) : w;
    };
    const Cell cell{heard.kind, weight("weight_ih"), weight("weight_hh"), weight("bias_ih"), weight("bias_hh")};
    if (!cell.weight_ih.defined() || !cell.weight_hh.defined()) return cells;
    cells.push_back(cell);
  }
}

// ∂L/∂h_T, [rows, n]; undefined where the loss does not depend on it.
at::Tensor asked_of_the_end(const at::Tensor& loss, const at::Tensor& output) {
  if (!loss.requires_grad() || !output.requires_grad()) return {};
  const auto gradient = torch::autograd::grad({loss}, {output}, {}, /*retain_graph=*/true, /*create_graph=*/false,
                                              /*allow_unused=*/true);
  const at::Tensor& g = gradient.front();
  if (!g.defined()) return {};
  return (g.dim() == 3 ? g.select(1, -1) : g).to(at::kDouble);
}

// The first rows whose last state the loss asks something of; of all where it asks nothing of any.
at::Tensor rows_to_look_at(const at::Tensor& input, const at::Tensor& seed, std::int64_t rows) {
  if (seed.defined()) {
    const at::Tensor asked = seed.ne(0).any(1).nonzero().flatten();
    if (asked.numel() > 0) return asked.slice(0, 0, rows);
  }
  return at::arange(std::min(rows, input.size(0)), input.options().dtype(at::kLong));
}

std::vector<Level> run_levels(std::vector<Cell> cells, at::Tensor input, std::int64_t steps) {
  std::vector<Level> levels;
  for (Cell& cell : cells) {
    CellRun made = run(cell, input, steps);
    input = made.outputs;
    levels.push_back({.cell = std::move(cell), .run = std::move(made)});
  }
  return levels;
}

void put_matrices(RecurrentLayer& result, const Level& level, const RecurrenceOptions& options) {
  const std::int64_t longest = options.powers ? std::max<std::int64_t>(1, result.time) : 0;
  const bool gated = level.cell.kind != CellKind::rnn;
  if (options.matrix > 0 && level.cell.parts() * result.units > options.matrix) return;
  const auto names = gate_names(level.cell.kind);
  const auto blocks = level.cell.weight_hh.chunk(level.cell.gates());
  for (std::size_t g = 0; g < blocks.size(); ++g) {
    if (gated && !options.powers) continue;  // of gates the radius is not asked for
    result.matrices.push_back(
        matrix_powers(gated ? fmt::format("W, {}", names[g]) : std::string("W"), blocks[g], longest));
  }
  if (gated || options.powers) {
    result.matrices.push_back(matrix_powers("mean J", mean_jacobian(level.cell, level.run), longest));
  }
  result.radius = (gated ? result.matrices.back() : result.matrices.front()).radius;
}

std::vector<RecurrentLayer> measure_layer(const Heard& heard, const at::Tensor& loss, const WeightOf& weight_of,
                                          const RecurrenceOptions& options) {
  const std::vector<Cell> cells = cells_of(heard, weight_of);
  if (cells.empty()) return {};
  const at::Tensor seed = asked_of_the_end(loss, heard.output);
  const c10::NoGradGuard no_graph;
  const at::Tensor x = heard.input.dim() == 4 ? heard.input.transpose(1, 2).flatten(2) : heard.input;
  const at::Tensor rows = rows_to_look_at(x, seed, options.rows);
  const std::vector<Level> levels = run_levels(cells, x.index_select(0, rows).to(at::kDouble), options.steps);
  std::vector<at::Tensor> gradients;
  if (seed.defined() && seed.index_select(0, rows).ne(0).any().item<bool>()) {
    gradients = log_gradients(levels, seed.index_select(0, rows));
  }
  std::vector<RecurrentLayer> result;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    RecurrentLayer& r = result.emplace_back();
    r.layer = levels.size() > 1 ? fmt::format("{}.{}", heard.layer, l + 1) : heard.layer;
    r.kind = heard.type;
    r.units = levels[l].cell.units();
    r.time = x.size(1);
    r.rows = rows.size(0);
    put_matrices(r, levels[l], options);
    r.exponents =
        lyapunov_exponents(levels[l].cell, levels[l].run, {.exponents = options.exponents, .seed = options.seed});
    r.all_exponents = static_cast<std::int64_t>(r.exponents.size()) == levels[l].cell.parts() * r.units;
    if (!gradients.empty()) put_gradient(r, gradients[l], {.fallen = options.fallen});
  }
  return result;
}

}  // namespace

std::vector<RecurrentLayer> measure_recurrence(const Through& through, const WeightOf& weight_of,
                                               const RecurrenceOptions& options) {
  std::vector<RecurrentLayer> result;
  Hearer hearer;
  through(hearer, [&](const at::Tensor& loss) {
    for (const Heard& heard : hearer.heard) {
      for (RecurrentLayer& r : measure_layer(heard, loss, weight_of, options)) result.push_back(std::move(r));
    }
  });
  return result;
}

}  // namespace thalweg
