// Means and squared deviations of columns, block by block (Chan, Golub, LeVeque 1979), in double.
#pragma once

#include <cstdint>
#include <vector>

namespace thalweg {

struct Moments {
  explicit Moments(std::int64_t columns);

  std::int64_t rows = 0;
  std::vector<double> mean;
  std::vector<double> squares;  // of deviations from the mean, summed
  std::vector<double> min;
  std::vector<double> max;
};

// One number stands for `rows` values of a group of columns that are taken together.
void merge(double& mean, double& squares, double rows, double other_mean, double other_squares, double other_rows);

// `block`: [rows, columns], row by row. False, and nothing changed, where a column of it has no finite mean.
bool add_block(const float* block, std::int64_t rows, Moments& moments);
bool add_block(const double* block, std::int64_t rows, Moments& moments);

}  // namespace thalweg
