// Metrics by their definitions, slow and obvious.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace thalweg::reference {

// Share of pairs (positive, negative) that are in order, ties half.
inline double area_under_curve(const std::vector<double>& scores, const std::vector<bool>& positive) {
  double ordered = 0.0, pairs = 0.0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (!positive[i] || positive[j]) continue;
      pairs += 1.0;
      ordered += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
    }
  }
  return ordered / pairs;
}

inline double f1(const std::vector<bool>& decided, const std::vector<bool>& wanted) {
  double precise = 0.0, made = 0.0, due = 0.0;
  for (std::size_t i = 0; i < decided.size(); ++i) {
    precise += decided[i] && wanted[i];
    made += decided[i];
    due += wanted[i];
  }
  const double precision = precise / made, recall = precise / due;
  return 2.0 * precision * recall / (precision + recall);
}

// Standard error of a statistic of rows, by leaving out one row at a time (Efron 1982).
template <class Statistic>
double jackknife(std::int64_t rows, const Statistic& without) {
  std::vector<double> values;
  double mean = 0.0;
  for (std::int64_t row = 0; row < rows; ++row) {
    values.push_back(without(row));
    mean += values.back() / static_cast<double>(rows);
  }
  double sum = 0.0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum * static_cast<double>(rows - 1) / static_cast<double>(rows));
}

}  // namespace thalweg::reference
