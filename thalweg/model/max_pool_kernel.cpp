#include "thalweg/model/max_pool_kernel.h"

#include <cstddef>
#include <cstring>
#include <utility>

namespace thalweg::kernel {
namespace {

constexpr int kCut = 4;

#ifdef __AVX__
constexpr std::size_t kRegister = 32;  // bytes
#else
constexpr std::size_t kRegister = 16;
#endif

// N neighbouring windows at once, in the vector types that clang and g++ share. (Loops over short rows with entries two
// apart are not turned into vector code by either.)
template <typename Scalar, int N>
struct Block {
  typedef Scalar Vector __attribute__((vector_size(N * sizeof(Scalar))));  // NOLINT: `using` cannot depend on N
  typedef std::uint8_t Bytes __attribute__((vector_size(N)));              // NOLINT
  using Mask = decltype(Vector{} > Vector{});                              // integers of the Scalar's size

  template <typename Loaded, typename Entry>
  static Loaded load(const Entry* from) {
    Loaded vector;
    std::memcpy(&vector, from, sizeof(vector));
    return vector;
  }
  template <typename Stored, typename Entry>
  static void store(const Stored& vector, Entry* to) {
    std::memcpy(to, &vector, sizeof(vector));
  }

  // A row of windows: its even entries and its odd ones.
  struct Columns {
    Vector even, odd;
  };
  template <int... I>
  static Columns split(const Scalar* row, std::integer_sequence<int, I...>) {
    const auto first = load<Vector>(row), second = load<Vector>(row + N);
    return {__builtin_shufflevector(first, second, (2 * I)...), __builtin_shufflevector(first, second, (2 * I + 1)...)};
  }
  template <int... I>
  static void join(const Columns& columns, Scalar* row, std::integer_sequence<int, I...>) {
    store(__builtin_shufflevector(columns.even, columns.odd, (I / 2 + I % 2 * N)...), row);
    store(__builtin_shufflevector(columns.even, columns.odd, ((N + I) / 2 + (N + I) % 2 * N)...), row + N);
  }
  static constexpr std::make_integer_sequence<int, N> kLanes{};

  static void take_better(const Vector& candidate, int number, Vector& best, Mask& chosen) {
    const Mask better = (candidate > best) | (candidate != candidate);
    best = better ? candidate : best;
    chosen = better ? Mask{} + number : chosen;
  }

  template <bool kRelu>
  static void pool(const Scalar* top, const Scalar* bottom, Scalar* y, std::uint8_t* choice) {
    const Columns upper = split(top, kLanes), lower = split(bottom, kLanes);
    Vector best = upper.even;
    Mask chosen{};
    take_better(upper.odd, 1, best, chosen);
    take_better(lower.even, 2, best, chosen);
    take_better(lower.odd, 3, best, chosen);
    if constexpr (kRelu) {
      const Mask cut = best <= Vector{};  // NaN is not cut
      // relu leaves -0 as it is, and the first of equal entries counts.
      best = cut ? (upper.even == Vector{} ? upper.even : Vector{}) : best;
      chosen = cut ? Mask{} + kCut : chosen;
    }
    store(best, y);
    store(__builtin_convertvector(chosen, Bytes), choice);
  }

  static void scatter(const Scalar* dy, const std::uint8_t* choice, Scalar* top, Scalar* bottom) {
    const Mask chosen = __builtin_convertvector(load<Bytes>(choice), Mask);
    const auto gradient = load<Vector>(dy);
    const auto where = [&](int number) { return (chosen == number) ? gradient : Vector{}; };
    join({where(0), where(1)}, top, kLanes);
    join({where(2), where(3)}, bottom, kLanes);
  }

  static void gather(const Scalar* top, const Scalar* bottom, const std::uint8_t* choice, Scalar* dy) {
    const Mask chosen = __builtin_convertvector(load<Bytes>(choice), Mask);
    const Columns upper = split(top, kLanes), lower = split(bottom, kLanes);
    Vector result{};
    result = (chosen == 0) ? upper.even : result;
    result = (chosen == 1) ? upper.odd : result;
    result = (chosen == 2) ? lower.even : result;
    result = (chosen == 3) ? lower.odd : result;
    store(result, dy);
  }
};

// Calls f(Block, i) so that blocks cover 0 … count − 1. The last one overlaps the one before it and writes the same
// again; a row that is shorter than a block has smaller blocks.
template <typename Scalar, int N, typename Function>
void cover(std::int64_t count, const Function& f) {
  if (count < N) {
    if constexpr (N > 1) cover<Scalar, N / 2>(count, f);
    return;
  }
  std::int64_t i = 0;
  for (; i + N <= count; i += N) f(Block<Scalar, N>{}, i);
  if (i < count) f(Block<Scalar, N>{}, count - N);
}
template <typename Scalar>
constexpr int kWidest = kRegister / sizeof(Scalar);

template <bool kRelu, typename Scalar>
void pool_plane(Plane plane, const Scalar* x, Scalar* y, std::uint8_t* choice) {
  const std::int64_t count = plane.width / 2;
  for (std::int64_t row = 0; row < plane.height / 2; ++row, x += 2 * plane.width, y += count, choice += count) {
    cover<Scalar, kWidest<Scalar>>(count, [=](auto block, std::int64_t i) {
      block.template pool<kRelu>(x + 2 * i, x + plane.width + 2 * i, y + i, choice + i);
    });
  }
}

}  // namespace

template <typename Scalar>
void max_pool(Plane plane, bool relu, const Scalar* x, Scalar* y, std::uint8_t* choice) {
  if (relu) {
    pool_plane<true>(plane, x, y, choice);
  } else {
    pool_plane<false>(plane, x, y, choice);
  }
}

template <typename Scalar>
void scatter_chosen(Plane plane, const Scalar* dy, const std::uint8_t* choice, Scalar* dx) {
  const std::int64_t count = plane.width / 2;
  for (std::int64_t row = 0; row < plane.height / 2; ++row, dx += 2 * plane.width, dy += count, choice += count) {
    cover<Scalar, kWidest<Scalar>>(count, [=](auto block, std::int64_t i) {
      block.scatter(dy + i, choice + i, dx + 2 * i, dx + plane.width + 2 * i);
    });
    if (plane.width % 2 != 0) dx[plane.width - 1] = dx[2 * plane.width - 1] = Scalar{0};
  }
  if (plane.height % 2 != 0) {
    for (std::int64_t i = 0; i < plane.width; ++i) dx[i] = Scalar{0};
  }
}

template <typename Scalar>
void gather_chosen(Plane plane, const Scalar* dx, const std::uint8_t* choice, Scalar* dy) {
  const std::int64_t count = plane.width / 2;
  for (std::int64_t row = 0; row < plane.height / 2; ++row, dx += 2 * plane.width, dy += count, choice += count) {
    cover<Scalar, kWidest<Scalar>>(count, [=](auto block, std::int64_t i) {
      block.gather(dx + 2 * i, dx + plane.width + 2 * i, choice + i, dy + i);
    });
  }
}

template void max_pool(Plane, bool, const float*, float*, std::uint8_t*);
template void max_pool(Plane, bool, const double*, double*, std::uint8_t*);
template void scatter_chosen(Plane, const float*, const std::uint8_t*, float*);
template void scatter_chosen(Plane, const double*, const std::uint8_t*, double*);
template void gather_chosen(Plane, const float*, const std::uint8_t*, float*);
template void gather_chosen(Plane, const double*, const std::uint8_t*, double*);

}  // namespace thalweg::kernel
