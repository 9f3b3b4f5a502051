// The optimizers' formulas in plain double, entry by entry, as the papers and torch.optim's documentation write them.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg::reference {

class PlainOptimizer {
 public:
  PlainOptimizer(const recipe::Optimizer& options, std::vector<double> weights)
      : o_(options), w_(std::move(weights)), m_(w_.size(), 0.0), v_(w_.size(), 0.0) {}

  const std::vector<double>& weights() const { return w_; }

  void step(const std::vector<double>& gradient, double lr) {
    ++t_;
    mu_product_ *= mu(t_);
    for (std::size_t i = 0; i < w_.size(); ++i) {
      switch (o_.kind) {
        case recipe::OptimizerKind::sgd:
          sgd(i, gradient[i] + o_.weight_decay * w_[i], lr);
          break;
        case recipe::OptimizerKind::adam:
          adam(i, gradient[i] + o_.weight_decay * w_[i], lr);
          break;
        case recipe::OptimizerKind::adamw:
          w_[i] -= lr * o_.weight_decay * w_[i];
          adam(i, gradient[i], lr);
          break;
        case recipe::OptimizerKind::nadamw:
          w_[i] -= lr * o_.weight_decay * w_[i];
          nadam(i, gradient[i], lr);
          break;
        case recipe::OptimizerKind::rmsprop:
          rmsprop(i, gradient[i] + o_.weight_decay * w_[i], lr);
          break;
      }
    }
  }

 private:
  double mu(std::int64_t t) const { return o_.beta1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * static_cast<double>(t))); }
  double power(double base) const { return std::pow(base, static_cast<double>(t_)); }

  void sgd(std::size_t i, double g, double lr) {
    m_[i] = t_ == 1 ? g : o_.momentum * m_[i] + g;
    w_[i] -= lr * (o_.momentum == 0.0 ? g : o_.nesterov ? g + o_.momentum * m_[i] : m_[i]);
  }
  void moments(std::size_t i, double g) {
    m_[i] = o_.beta1 * m_[i] + (1.0 - o_.beta1) * g;
    v_[i] = o_.beta2 * v_[i] + (1.0 - o_.beta2) * g * g;
  }
  void adam(std::size_t i, double g, double lr) {
    moments(i, g);
    const double m_hat = m_[i] / (1.0 - power(o_.beta1)), v_hat = v_[i] / (1.0 - power(o_.beta2));
    w_[i] -= lr * m_hat / (std::sqrt(v_hat) + o_.eps);
  }
  void nadam(std::size_t i, double g, double lr) {
    moments(i, g);
    const double m_hat =
        mu(t_ + 1) * m_[i] / (1.0 - mu_product_ * mu(t_ + 1)) + (1.0 - mu(t_)) * g / (1.0 - mu_product_);
    const double v_hat = v_[i] / (1.0 - power(o_.beta2));
    w_[i] -= lr * m_hat / (std::sqrt(v_hat) + o_.eps);
  }
  void rmsprop(std::size_t i, double g, double lr) {
    v_[i] = o_.alpha * v_[i] + (1.0 - o_.alpha) * g * g;
    const double scaled = g / (std::sqrt(v_[i]) + o_.eps);
    m_[i] = o_.momentum * m_[i] + scaled;
    w_[i] -= lr * (o_.momentum == 0.0 ? scaled : m_[i]);
  }

  recipe::Optimizer o_;
  std::vector<double> w_, m_, v_;
  std::int64_t t_ = 0;
  double mu_product_ = 1.0;
};

}  // namespace thalweg::reference
