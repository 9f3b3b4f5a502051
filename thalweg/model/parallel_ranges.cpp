#include "thalweg/model/parallel_ranges.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

namespace thalweg {

void parallel_ranges(std::int64_t count, std::int64_t grain,
                     const std::function<void(std::int64_t first, std::int64_t last)>& work) {
  if (count <= grain || at::get_num_threads() == 1) {
    if (count > 0) work(0, count);
    return;
  }
  // An iteration over bytes that are never touched: only their addresses, which are the numbers of the loop's turns,
  // matter.
  at::Tensor turns = at::empty({count}, at::kByte);
  const char* base = static_cast<const char*>(turns.data_ptr());
  at::TensorIterator::borrowing_nullary_op(turns).for_each(
      [&](char** data, const std::int64_t*, std::int64_t turns_here) {
        const std::int64_t first = data[0] - base;
        work(first, first + turns_here);
      },
      grain);
}

}  // namespace thalweg
