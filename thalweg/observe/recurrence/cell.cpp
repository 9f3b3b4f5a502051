#include "thalweg/observe/recurrence/cell.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace thalweg {
namespace {

struct Gates {
  at::Tensor p, q;  // [rows, G, n]
  at::Tensor sum(std::int64_t g) const { return p.select(1, g) + q.select(1, g); }
};

at::Tensor one_minus_square(const at::Tensor& tanh) { return 1.0 - tanh * tanh; }
at::Tensor slope(const at::Tensor& sigmoid) { return sigmoid * (1.0 - sigmoid); }

CellStep rnn_step(const Gates& gates) {
  const at::Tensor h = at::tanh(gates.sum(0));
  const at::Tensor a = one_minus_square(h).unsqueeze(1).unsqueeze(1);
  return {h.unsqueeze(1), {.gates = a, .input_gates = a, .diagonal = at::zeros_like(a)}};
}

CellStep gru_step(const Gates& gates, const at::Tensor& h) {
  const at::Tensor q_n = gates.q.select(1, 2);
  const at::Tensor r = at::sigmoid(gates.sum(0)), z = at::sigmoid(gates.sum(1));
  const at::Tensor n = at::tanh(gates.p.select(1, 2) + r * q_n);
  const at::Tensor by_n = (1.0 - z) * one_minus_square(n);
  const at::Tensor by_r = by_n * q_n * slope(r), by_z = (h - n) * slope(z);
  const auto factors = [](const std::vector<at::Tensor>& a) { return at::stack(a, 1).unsqueeze(1); };
  return {((1.0 - z) * n + z * h).unsqueeze(1),
          {.gates = factors({by_r, by_z, by_n * r}),
           .input_gates = factors({by_r, by_z, by_n}),
           .diagonal = z.unsqueeze(1).unsqueeze(1)}};
}

CellStep lstm_step(const Gates& gates, const at::Tensor& c) {
  const at::Tensor i = at::sigmoid(gates.sum(0)), f = at::sigmoid(gates.sum(1)), g = at::tanh(gates.sum(2)),
                   o = at::sigmoid(gates.sum(3));
  const at::Tensor memory = f * c + i * g, tanh = at::tanh(memory);
  const at::Tensor zero = at::zeros_like(f), through = o * one_minus_square(tanh);
  const std::vector<at::Tensor> of_c{g * slope(i), c * slope(f), i * one_minus_square(g), zero};
  const std::vector<at::Tensor> of_h{through * of_c[0], through * of_c[1], through * of_c[2], tanh * slope(o)};
  const at::Tensor a = at::stack({at::stack(of_h, 1), at::stack(of_c, 1)}, 1);
  const at::Tensor d = at::stack({at::stack({zero, through * f}, 1), at::stack({zero, f}, 1)}, 1);
  return {at::stack({o * tanh, memory}, 1), {.gates = a, .input_gates = a, .diagonal = d}};
}

}  // namespace

std::vector<std::string_view> gate_names(CellKind kind) {
  switch (kind) {
    case CellKind::lstm:
      return {"input", "forget", "candidate", "output"};
    case CellKind::gru:
      return {"reset", "update", "candidate"};
    default:
      return {""};
  }
}

CellStep step(const Cell& cell, const at::Tensor& projected, const at::Tensor& state) {
  const at::Tensor h = state.select(1, 0);
  const auto blocks = [&](const at::Tensor& x) { return x.view({x.size(0), cell.gates(), cell.units()}); };
  const Gates gates{blocks(projected), blocks(at::addmm(cell.bias_hh, h, cell.weight_hh.t()))};
  switch (cell.kind) {
    case CellKind::lstm:
      return lstm_step(gates, state.select(1, 1));
    case CellKind::gru:
      return gru_step(gates, h);
    default:
      return rnn_step(gates);
  }
}

at::Tensor CellJacobian::apply(const Cell& cell, const at::Tensor& v) const {
  const std::int64_t rows = v.size(0), n = cell.units(), k = v.size(2);
  const at::Tensor parts = v.view({rows, cell.parts(), n, k});
  const at::Tensor of_gates = at::matmul(cell.weight_hh, parts.select(1, 0)).view({rows, 1, cell.gates(), n, k});
  const at::Tensor result =
      (gates.unsqueeze(-1) * of_gates).sum(2) + (diagonal.unsqueeze(-1) * parts.unsqueeze(1)).sum(2);
  return result.view({rows, cell.parts() * n, k});
}

CellJacobian::Pulled CellJacobian::pull(const Cell& cell, const at::Tensor& u) const {
  const std::int64_t rows = u.size(0);
  const auto by_gates = [&](const at::Tensor& a) {
    return (a * u.unsqueeze(2)).sum(1).reshape({rows, cell.gates() * cell.units()});
  };
  at::Tensor back = (diagonal * u.unsqueeze(2)).sum(1);
  back.select(1, 0).add_(at::mm(by_gates(gates), cell.weight_hh));
  return {back, at::mm(by_gates(input_gates), cell.weight_ih)};
}

CellRun run(const Cell& cell, const at::Tensor& inputs, std::int64_t linearised) {
  const c10::NoGradGuard no_graph;
  const std::int64_t time = inputs.size(1);
  const at::Tensor projected = at::matmul(inputs, cell.weight_ih.t()) + cell.bias_ih;
  at::Tensor state = at::zeros({inputs.size(0), cell.parts(), cell.units()}, inputs.options());
  CellRun result;
  std::vector<at::Tensor> outputs;
  for (std::int64_t t = 0; t < time; ++t) {
    CellStep next = step(cell, projected.select(1, t), state);
    state = next.state;
    outputs.push_back(state.select(1, 0));
    if (t >= time - linearised) result.jacobians.push_back(std::move(next.jacobian));
  }
  result.outputs = at::stack(outputs, 1);
  return result;
}

at::Tensor mean_jacobian(const Cell& cell, const CellRun& run) {
  const std::int64_t n = cell.units(), parts = cell.parts();
  at::Tensor gates, diagonal;
  for (const CellJacobian& j : run.jacobians) {
    const at::Tensor a = j.gates.mean(0), d = j.diagonal.mean(0);
    gates = gates.defined() ? gates + a : a;
    diagonal = diagonal.defined() ? diagonal + d : d;
  }
  const double share = 1.0 / static_cast<double>(run.jacobians.size());
  const at::Tensor weights = cell.weight_hh.view({1, cell.gates(), n, n});
  const at::Tensor by_h = (gates.mul_(share).unsqueeze(-1) * weights).sum(1);                   // [P, n, n]
  at::Tensor result = at::diag_embed(diagonal.mul_(share)).permute({0, 2, 1, 3}).contiguous();  // [P, n, P, n]
  result.select(2, 0).add_(by_h);
  return result.view({parts * n, parts * n});
}

}  // namespace thalweg
