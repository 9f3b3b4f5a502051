// Runs to store: folders that vanish, and values that fill every field.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/record/finding.h"
#include "thalweg/record/reading.h"
#include "thalweg/record/run.h"

namespace samples {

// A folder of its own, removed with what is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

thalweg::RunHeader header();
thalweg::Evaluation evaluation(std::int64_t step);
thalweg::Action action(std::int64_t step);
thalweg::RunResult result();

thalweg::Reading reading(std::int64_t step, thalweg::Quantity quantity, double value, thalweg::Scope scope = 0);

// What a training loop takes on one step: `count` readings, with values that follow from step and place.
std::vector<thalweg::Reading> step_readings(std::int64_t step, int count);

// Equal in every field, NaN equal to NaN.
bool same(double a, double b);
bool same(const thalweg::Reading& a, const thalweg::Reading& b);
bool same(const thalweg::RunHeader& a, const thalweg::RunHeader& b);
bool same(const thalweg::Evaluation& a, const thalweg::Evaluation& b);
bool same(const thalweg::Interval& a, const thalweg::Interval& b);
bool same(const thalweg::NamedMetric& a, const thalweg::NamedMetric& b);
bool same(const thalweg::Evidence& a, const thalweg::Evidence& b);
bool same(const thalweg::Remedy& a, const thalweg::Remedy& b);
bool same(const thalweg::Judgement& a, const thalweg::Judgement& b);
bool same(const thalweg::Trial& a, const thalweg::Trial& b);
bool same(const thalweg::Action& a, const thalweg::Action& b);
bool same(const thalweg::Finding& a, const thalweg::Finding& b);
bool same(const thalweg::RunResult& a, const thalweg::RunResult& b);

template <typename Value>
bool same(const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace samples
