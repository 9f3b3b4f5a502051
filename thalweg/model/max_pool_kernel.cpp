#include "thalweg/model/max_pool_kernel.h"

namespace thalweg::kernel {
namespace {

constexpr int kCut = 4;

// The branches are written as selections, so that the compiler may turn the loops into vector code.
template <typename Scalar, bool kRelu>
void pool_rows(const Scalar* top, const Scalar* bottom, std::int64_t count, Scalar* y, std::uint8_t* choice) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Scalar window[4] = {top[2 * i], top[2 * i + 1], bottom[2 * i], bottom[2 * i + 1]};
    Scalar best = window[0];
    int chosen = 0;
    for (int k = 1; k < 4; ++k) {
      const bool better = (window[k] > best) | (window[k] != window[k]);
      best = better ? window[k] : best;
      chosen = better ? k : chosen;
    }
    if constexpr (kRelu) {
      const bool cut = best <= 0;  // NaN is not cut
      best = cut ? Scalar{0} : best;
      chosen = cut ? kCut : chosen;
    }
    y[i] = best;
    choice[i] = static_cast<std::uint8_t>(chosen);
  }
}

}  // namespace

template <typename Scalar>
void max_pool(Plane plane, bool relu, const Scalar* x, Scalar* y, std::uint8_t* choice) {
  const std::int64_t count = plane.width / 2;
  for (std::int64_t row = 0; row < plane.height / 2; ++row) {
    const Scalar* top = x + 2 * row * plane.width;
    if (relu) {
      pool_rows<Scalar, true>(top, top + plane.width, count, y + row * count, choice + row * count);
    } else {
      pool_rows<Scalar, false>(top, top + plane.width, count, y + row * count, choice + row * count);
    }
  }
}

template <typename Scalar>
void scatter_chosen(Plane plane, const Scalar* dy, const std::uint8_t* choice, Scalar* dx) {
  const std::int64_t count = plane.width / 2;
  const bool odd = plane.width % 2 != 0;
  for (std::int64_t row = 0; row < plane.height / 2; ++row, dy += count, choice += count) {
    Scalar* top = dx + 2 * row * plane.width;
    Scalar* bottom = top + plane.width;
    for (std::int64_t i = 0; i < count; ++i) {
      top[2 * i] = choice[i] == 0 ? dy[i] : Scalar{0};
      top[2 * i + 1] = choice[i] == 1 ? dy[i] : Scalar{0};
      bottom[2 * i] = choice[i] == 2 ? dy[i] : Scalar{0};
      bottom[2 * i + 1] = choice[i] == 3 ? dy[i] : Scalar{0};
    }
    if (odd) top[plane.width - 1] = bottom[plane.width - 1] = Scalar{0};
  }
  if (plane.height % 2 != 0) {
    Scalar* last = dx + (plane.height - 1) * plane.width;
    for (std::int64_t i = 0; i < plane.width; ++i) last[i] = Scalar{0};
  }
}

template <typename Scalar>
void gather_chosen(Plane plane, const Scalar* dx, const std::uint8_t* choice, Scalar* dy) {
  const std::int64_t count = plane.width / 2;
  for (std::int64_t row = 0; row < plane.height / 2; ++row, dy += count, choice += count) {
    const Scalar* top = dx + 2 * row * plane.width;
    const Scalar* bottom = top + plane.width;
    for (std::int64_t i = 0; i < count; ++i) {
      const Scalar upper = choice[i] == 0 ? top[2 * i] : top[2 * i + 1];
      const Scalar lower = choice[i] == 2 ? bottom[2 * i] : bottom[2 * i + 1];
      dy[i] = choice[i] == kCut ? Scalar{0} : (choice[i] < 2 ? upper : lower);
    }
  }
}

template void max_pool(Plane, bool, const float*, float*, std::uint8_t*);
template void max_pool(Plane, bool, const double*, double*, std::uint8_t*);
template void scatter_chosen(Plane, const float*, const std::uint8_t*, float*);
template void scatter_chosen(Plane, const double*, const std::uint8_t*, double*);
template void gather_chosen(Plane, const float*, const std::uint8_t*, float*);
template void gather_chosen(Plane, const double*, const std::uint8_t*, double*);

}  // namespace thalweg::kernel
