#include "thalweg/data/moments_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg {
namespace {

// Columns run in the inner loops: independent sums, which vectorise without changing their order.
template <class T>
bool add(const T* block, std::int64_t rows, Moments& moments) {
  const std::size_t columns = moments.mean.size();
  std::vector<double> mean(columns, 0.0), squares(columns, 0.0), least(columns), most(columns);
  std::copy_n(block, columns, least.begin());
  std::copy_n(block, columns, most.begin());
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = block + static_cast<std::size_t>(r) * columns;
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = row[c];
      mean[c] += value;
      least[c] = value < least[c] ? value : least[c];
      most[c] = value > most[c] ? value : most[c];
    }
  }
  for (double& value : mean) value /= static_cast<double>(rows);
  if (!std::all_of(mean.begin(), mean.end(), [](double value) { return std::isfinite(value); })) return false;
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = block + static_cast<std::size_t>(r) * columns;
    for (std::size_t c = 0; c < columns; ++c) {
      const double deviation = row[c] - mean[c];
      squares[c] += deviation * deviation;
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    merge(moments.mean[c], moments.squares[c], static_cast<double>(moments.rows), mean[c], squares[c],
          static_cast<double>(rows));
    moments.min[c] = std::min(moments.min[c], least[c]);
    moments.max[c] = std::max(moments.max[c], most[c]);
  }
  moments.rows += rows;
  return true;
}

}  // namespace

Moments::Moments(std::int64_t columns)
    : mean(static_cast<std::size_t>(columns), 0.0),
      squares(mean),
      min(mean.size(), std::numeric_limits<double>::infinity()),
      max(mean.size(), -std::numeric_limits<double>::infinity()) {}

void merge(double& mean, double& squares, double rows, double other_mean, double other_squares, double other_rows) {
  const double all = rows + other_rows, delta = other_mean - mean;
  mean += delta * (other_rows / all);
  squares += other_squares + delta * delta * (rows * other_rows / all);
}

bool add_block(const float* block, std::int64_t rows, Moments& moments) { return add(block, rows, moments); }
bool add_block(const double* block, std::int64_t rows, Moments& moments) { return add(block, rows, moments); }

}  // namespace thalweg
