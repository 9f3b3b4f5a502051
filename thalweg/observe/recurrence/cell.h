// One time step of rnn (tanh; Elman 1990), gru (Cho et al. 2014) and lstm (Hochreiter, Schmidhuber 1997; Gers et al.
// 2000), in LibTorch's form, and its linearisation: what LibTorch's own kernels, which run a whole sequence, do not
// show.
//
//     rnn   h' = tanh(p + q)
//     gru   r = σ(p_r + q_r), z = σ(p_z + q_z), n = tanh(p_n + r∘q_n),  h' = (1 − z)∘n + z∘h
//     lstm  i, f, o = σ(p + q), g = tanh(p_g + q_g),  c' = f∘c + i∘g,  h' = o∘tanh(c')
// with p = W_ih x + b_ih, q = W_hh h + b_hh. The Jacobian of a step is a sum of the gates' own W, each with a factor a
// row, and of diagonals:
//     ∂s'_a/∂s_b = diag(d_ab) + [b = h] Σ_g diag(a_ag) W_g,         a, b ∈ {h} or {h, c}.
// [rows, n] states, n units; P = 1 or 2 parts of the state, G = 1, 3 or 4 gates.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace thalweg {

enum class CellKind { rnn, gru, lstm };

struct Cell {
  CellKind kind = CellKind::rnn;
  at::Tensor weight_ih;  // [G n, inputs]; gates in LibTorch's order: r z n; i f g o
  at::Tensor weight_hh;  // [G n, n]
  at::Tensor bias_ih;    // [G n]
  at::Tensor bias_hh;

  std::int64_t units() const { return weight_hh.size(1); }
  std::int64_t gates() const { return weight_hh.size(0) / weight_hh.size(1); }
  std::int64_t parts() const { return kind == CellKind::lstm ? 2 : 1; }
};

std::vector<std::string_view> gate_names(CellKind kind);  // "reset", …; of rnn one, ""

// J of one step, row by row.
struct CellJacobian {
  at::Tensor gates;        // a: [rows, P, G, n]
  at::Tensor input_gates;  // the same by p in place of q: [rows, P, G, n]
  at::Tensor diagonal;     // d: [rows, P, P, n], from the second to the first

  // J V: [rows, P n, k] to the same.
  at::Tensor apply(const Cell& cell, const at::Tensor& v) const;
  struct Pulled {
    at::Tensor state;  // Jᵀ u, [rows, P, n]
    at::Tensor input;  // by x, [rows, inputs]
  };
  Pulled pull(const Cell& cell, const at::Tensor& u) const;  // u: [rows, P, n]
};

struct CellStep {
  at::Tensor state;  // s', [rows, P, n]
  CellJacobian jacobian;
};
// `projected`: p, [rows, G n].
CellStep step(const Cell& cell, const at::Tensor& projected, const at::Tensor& state);

// s_1 … s_T from s_0 = 0 along inputs [rows, T, inputs]. Without gradients; `linearised`: of so many last steps J is
// kept.
struct CellRun {
  at::Tensor outputs;                   // h_t, [rows, T, n]
  std::vector<CellJacobian> jacobians;  // of the last steps, in order of time
};
CellRun run(const Cell& cell, const at::Tensor& inputs, std::int64_t linearised);

// The mean of J over the rows and steps of a run: [P n, P n].
at::Tensor mean_jacobian(const Cell& cell, const CellRun& run);

}  // namespace thalweg
