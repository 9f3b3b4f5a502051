// Loops in LibTorch's own threads.
#pragma once

#include <cstdint>
#include <functional>

namespace thalweg {

// Calls work(first, last) for ranges that cover 0 … count, at least `grain` long, in LibTorch's intra-op threads.
// (at::parallel_for is inline code that is serial unless it is compiled for the very OpenMP runtime of the wheel; this
// goes through compiled code of LibTorch.)
void parallel_ranges(std::int64_t count, std::int64_t grain,
                     const std::function<void(std::int64_t first, std::int64_t last)>& work);

}  // namespace thalweg
