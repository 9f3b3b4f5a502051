#include "thalweg/spectral/double_backward_kernel.h"

namespace thalweg::kernel {
namespace {

constexpr std::int64_t kLanes = 16;

// Σ term(i) over i < n in lanes, so that it is vectorised and does not depend on anything but n.
template <int kSums, typename Terms>
void sum(std::int64_t n, float (&result)[kSums], const Terms& terms) {
  float lanes[kSums][kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::int64_t l = 0; l < kLanes; ++l) {
      float t[kSums];
      terms(i + l, t);
      for (int s = 0; s < kSums; ++s) lanes[s][l] += t[s];
    }
  }
  for (; i < n; ++i) {
    float t[kSums];
    terms(i, t);
    for (int s = 0; s < kSums; ++s) lanes[s][i % kLanes] += t[s];
  }
  for (int s = 0; s < kSums; ++s) {
    result[s] = 0.0F;
    for (std::int64_t l = 0; l < kLanes; ++l) result[s] += lanes[s][l];
  }
}

}  // namespace

void softmax_double_backward(std::int64_t n, const SoftmaxRow& row) {
  const float* __restrict y = row.y, * __restrict g = row.g, * __restrict c = row.c;
  float* __restrict dg = row.dg, * __restrict dy = row.dy;
  float dots[2];  // cᵀy, gᵀy
  sum(n, dots, [=](std::int64_t i, float* t) {
    t[0] = c[i] * y[i];
    t[1] = g[i] * y[i];
  });
  for (std::int64_t i = 0; i < n; ++i) {
    dg[i] = y[i] * (c[i] - dots[0]);
    dy[i] = c[i] * (g[i] - dots[1]) - dots[0] * g[i];
  }
}

void layer_norm_double_backward(std::int64_t n, const LayerNormRow& row) {
  const float* __restrict x = row.x, * __restrict g = row.g, * __restrict w = row.w, * __restrict c = row.c;
  const float* __restrict u = row.u, * __restrict v = row.v;
  float* __restrict dg = row.dg, * __restrict dx = row.dx, * __restrict dw = row.dw;
  float* __restrict hat = row.scratch, * __restrict e = row.scratch + n;
  const float r = row.rstd, mean = row.mean, share = 1.0F / static_cast<float>(n);
  for (std::int64_t i = 0; i < n; ++i) hat[i] = (x[i] - mean) * r;
  float m[5];  // means of c, h, c x̂, h x̂, c h
  sum(n, m, [=](std::int64_t i, float* t) {
    const float h = w[i] * g[i];
    t[0] = c[i];
    t[1] = h;
    t[2] = c[i] * hat[i];
    t[3] = h * hat[i];
    t[4] = c[i] * h;
  });
  for (float& sum_of : m) sum_of *= share;
  const float rest = (m[4] - m[0] * m[1] - m[2] * m[3]) * r * r;
  for (std::int64_t i = 0; i < n; ++i) {
    const float q = r * (c[i] - m[0] - hat[i] * m[2]);
    float d = w[i] * q;
    if (v != nullptr) d += v[i];
    e[i] = -r * (c[i] * m[3] + w[i] * g[i] * m[2]);
    if (u != nullptr) {
      d += u[i] * hat[i];
      e[i] += u[i] * g[i];
    }
    dg[i] = d;
    dw[i] += g[i] * q;
  }
  float k[2];  // means of e, e x̂
  sum(n, k, [=](std::int64_t i, float* t) {
    t[0] = e[i];
    t[1] = e[i] * hat[i];
  });
  k[0] *= share;
  k[1] *= share;
  for (std::int64_t i = 0; i < n; ++i) dx[i] = r * (e[i] - k[0] - hat[i] * k[1]) - rest * hat[i];
}

}  // namespace thalweg::kernel
