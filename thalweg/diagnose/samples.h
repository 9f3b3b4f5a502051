// What checks ask of a series: its finite values within steps, medians, and a test that may be looked at after every
// reading.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "thalweg/diagnose/history.h"

namespace thalweg {

// Steps first ≤ step ≤ last.
struct Steps {
  std::int64_t first = 0;
  std::int64_t last = std::numeric_limits<std::int64_t>::max();
};

// The points within `steps`: a part of `series`, which is in order of steps.
std::span<const Point> within(std::span<const Point> series, Steps steps);
// Values as they are, and finite values only.
std::vector<double> values(std::span<const Point> series);
std::vector<double> finite_values(std::span<const Point> series);

double median(std::vector<double> values);  // NaN of none; infinities are ordered, NaN counts as +infinity
double quantile(std::vector<double> values, double share);  // nearest rank, 0 ≤ share ≤ 1; as median()
double scatter(const std::vector<double>& values);          // median absolute deviation from the median

// The value of the first reading of a quantity that is measured once; NaN where there is none.
double first_value(const History& history, Quantity quantity, Scope scope = kWholeModel);
// The first step of a series, -1 of none.
std::int64_t first_step(std::span<const Point> series);

// Overshoots that can be told from their error bar, forward-only and exact together, in order of steps.
std::vector<Point> resolved_overshoots(const History& history, Steps steps = {});

// Evidence against "given all that was read before, the next reading is bad with a chance of at most q", gathered so
// that the chance of ever crossing 1/alpha, at any look over the whole run, is at most alpha where that holds (Ville
// 1939). The bad readings may begin at any time: a likelihood ratio of p against q is started at every reading j = 0,
// 1, … with the weight 1/((j+1)(j+2)), and their sum is an e-process (Shin, Ramdas, Rinaldo 2023, e-detectors; Robbins
// 1970, mixtures).
class SignEvidence {
 public:
  struct Options {
    double q = 0.5;   // chance of a bad reading that is still healthy
    double p = 0.95;  // chance of a bad reading when sick: only the power depends on it
  };
  explicit SignEvidence(Options options) : options_(options) {}
  void add(bool bad);
  double value() const { return started_ + waiting_; }  // E; the chance that it ever reaches 1/alpha is at most alpha
  double peak() const { return peak_; }

 private:
  Options options_;
  double started_ = 0.0;
  double waiting_ = 1.0;  // weight of the tests not yet started
  double peak_ = 1.0;
  std::int64_t readings_ = 0;
};

}  // namespace thalweg
