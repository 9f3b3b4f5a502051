// The loops of 2×2 max-pooling with stride 2, over one plane. Plain pointers, no torch.
//
//   y = max(a, b, c, d) over each window [a b; c d], then max(y, 0) where relu is asked for
//
// `choice` says where y came from: 0 to 3 for a, b, c, d, and 4 where relu cut it off. The first of equal entries
// counts, and NaN beats every number (the last of several), as at::max_pool2d has it. An odd last row or column belongs
// to no window.
#pragma once

#include <cstdint>

namespace thalweg::kernel {

struct Plane {
  std::int64_t height = 0;  // of the input; the output has height/2 × width/2 entries
  std::int64_t width = 0;
};

// y, choice ← pool(x)
template <typename Scalar>
void max_pool(Plane plane, bool relu, const Scalar* x, Scalar* y, std::uint8_t* choice);

// dx ← dy where it was chosen, zero elsewhere: the derivative of the pooling, transposed
template <typename Scalar>
void scatter_chosen(Plane plane, const Scalar* dy, const std::uint8_t* choice, Scalar* dx);

// dy ← the chosen entries of dx, zero where relu cut: the derivative itself
template <typename Scalar>
void gather_chosen(Plane plane, const Scalar* dx, const std::uint8_t* choice, Scalar* dy);

}  // namespace thalweg::kernel
