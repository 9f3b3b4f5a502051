// Second derivatives of softmax and layer normalisation, a row at a time, in one or two passes where composed tensor
// operations take seven and more. Plain pointers, no torch.
#pragma once

#include <cstdint>

namespace thalweg::kernel {

// y = softmax(z) and its backward G = y (g − gᵀy), both of length n. For a cotangent c of G:
//     dg = y (c − cᵀy),   dy = c (g − gᵀy) − (cᵀy) g.
struct SoftmaxRow {
  const float* y = nullptr;
  const float* g = nullptr;
  const float* c = nullptr;
  float* dg = nullptr;
  float* dy = nullptr;
};
void softmax_double_backward(std::int64_t n, const SoftmaxRow& row);

// y = w x̂ + b with x̂ = (x − μ) r, and its backward: with h = w g,
//     G_x = r (h − mean h − x̂ mean(h x̂)),   G_w = Σ_rows g x̂,   G_b = Σ_rows g.
// For cotangents c of G_x (a row), u of G_w and v of G_b (null: zero), with q = r (c − mean c − x̂ mean(c x̂)):
//     dg = w q + u x̂ + v,   dw += g q,
//     dx = r (e − mean e − x̂ mean(e x̂)) − S r² x̂,
//     e = u g − r (c mean(h x̂) + h mean(c x̂)),   S = mean(c h) − mean c mean h − mean(c x̂) mean(h x̂).
struct LayerNormRow {
  const float* x = nullptr;
  const float* g = nullptr;
  const float* w = nullptr;
  const float* c = nullptr;
  const float* u = nullptr;
  const float* v = nullptr;
  float mean = 0.0F;
  float rstd = 1.0F;
  float* dg = nullptr;
  float* dx = nullptr;
  float* dw = nullptr;       // added to
  float* scratch = nullptr;  // 2n
};
void layer_norm_double_backward(std::int64_t n, const LayerNormRow& row);

}  // namespace thalweg::kernel
