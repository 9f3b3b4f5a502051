// Cells with random weights, and LibTorch's own kernels over them, in double.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "thalweg/observe/recurrence/cell.h"

namespace thalweg {

inline Cell random_cell(CellKind kind, std::int64_t inputs, std::int64_t units, double size = 1.0) {
  const std::int64_t gates = kind == CellKind::lstm ? 4 : kind == CellKind::gru ? 3 : 1;
  const auto draw = [&](std::vector<std::int64_t> sizes) {
    return at::randn(sizes, at::kDouble) * (size / std::sqrt(static_cast<double>(units)));
  };
  return {kind, draw({gates * units, inputs}), draw({gates * units, units}), draw({gates * units}),
          draw({gates * units})};
}

// An rnn without input and bias, whose state stays 0, so that each J_t is its W.
inline Cell linear_cell(const at::Tensor& w) {
  const std::int64_t n = w.size(0);
  return {CellKind::rnn, at::zeros({n, 1}, at::kDouble), w.to(at::kDouble), at::zeros({n}, at::kDouble),
          at::zeros({n}, at::kDouble)};
}
inline at::Tensor no_input(std::int64_t rows, std::int64_t time) { return at::zeros({rows, time, 1}, at::kDouble); }

// h_1 … h_T by LibTorch, [rows, T, n].
inline at::Tensor by_libtorch(const std::vector<Cell>& cells, const at::Tensor& x) {
  std::vector<at::Tensor> weights;
  for (const Cell& c : cells) weights.insert(weights.end(), {c.weight_ih, c.weight_hh, c.bias_ih, c.bias_hh});
  const auto levels = static_cast<std::int64_t>(cells.size());
  const at::Tensor zero = at::zeros({levels, x.size(0), cells.front().units()}, x.options());
  switch (cells.front().kind) {
    case CellKind::lstm:
      return std::get<0>(at::lstm(x, {zero, zero}, weights, true, levels, 0.0, false, false, true));
    case CellKind::gru:
      return std::get<0>(at::gru(x, zero, weights, true, levels, 0.0, false, false, true));
    default:
      return std::get<0>(at::rnn_tanh(x, zero, weights, true, levels, 0.0, false, false, true));
  }
}

inline at::Tensor random_orthogonal(std::int64_t n) {
  return std::get<0>(at::linalg_qr(at::randn({n, n}, at::kDouble)));
}

inline double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

}  // namespace thalweg
