// Wide random tanh networks in the limit of infinite width (Poole et al. 2016; Schoenholz et al. 2017), by quadrature:
//     q' = σ_w² ∫ Dz tanh(√q z)² + σ_b²
//     c' = (σ_w² ∫∫ Dz₁ Dz₂ tanh(√q z₁) tanh(√q (c z₁ + √(1−c²) z₂)) + σ_b²) / q
// at the fixed points q*, c*; ξ = −1 / ln(dc'/dc at c*). c here is of what enters the activation; that of the outputs
// approaches its limit at the same rate.
#pragma once

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace thalweg {

class MeanFieldTanh {
 public:
  MeanFieldTanh(double sigma_w, double sigma_b) : w2_(sigma_w * sigma_w), b2_(sigma_b * sigma_b) {
    for (int i = -kHalf; i <= kHalf; ++i) {  // the trapezium rule: for a Gaussian it converges exponentially
      const double z = kReach * i / kHalf;
      nodes_.emplace_back(z, std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi) * kReach / kHalf);
    }
    for (int i = 0; i < 4000; ++i) q_ = next_q(q_);
    c_ = 0.3;
    for (int i = 0; i < 4000; ++i) c_ = next_c(c_);
  }
  double q() const { return q_; }
  double limit() const { return c_; }
  double slope() const {
    const double d = 1e-5, c = std::min(c_, 1.0 - d);
    return (next_c(c + 0.5 * d) - next_c(c - 0.5 * d)) / d;
  }
  double length() const { return -1.0 / std::log(slope()); }
  double next_q(double q) const {
    double sum = 0.0;
    for (const auto& [z, w] : nodes_) sum += w * std::pow(std::tanh(std::sqrt(q) * z), 2);
    return w2_ * sum + b2_;
  }
  double next_c(double c) const {
    double sum = 0.0;
    const double s = std::sqrt(q_), rest = std::sqrt(std::max(0.0, 1.0 - c * c));
    for (const auto& [z, w] : nodes_) {
      double inner = 0.0;
      for (const auto& [y, v] : nodes_) inner += v * std::tanh(s * (c * z + rest * y));
      sum += w * std::tanh(s * z) * inner;
    }
    return (w2_ * sum + b2_) / q_;
  }

 private:
  static constexpr int kHalf = 40;
  static constexpr double kReach = 8.0;
  double w2_, b2_, q_ = 1.0, c_ = 0.3;
  std::vector<std::pair<double, double>> nodes_;
};

}  // namespace thalweg
