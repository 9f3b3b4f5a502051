#include "thalweg/survey/alignment_activations.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

namespace thalweg {
namespace {

constexpr std::int64_t kSamples = 8192;  // rows · positions of a batch that are taken at most, evenly spaced

std::vector<HeardUnits> worth_hearing(const Symmetry& symmetry) {
  std::vector<HeardUnits> result;
  for (const HeardUnits& h : symmetry.heard) {
    if (symmetry.groups[h.group].fixed) continue;
    const bool passed_on = !result.empty() && result.back().group == h.group && result.back().factors == h.factors;
    if (passed_on) result.pop_back();
    result.push_back(h);
  }
  return result;
}

// [samples, n]: what each unit says, wherever it says it.
at::Tensor samples_of(const HeardUnits& heard, std::int64_t n, const at::Tensor& output) {
  const at::Tensor last = output.dim() == 4 ? output.movedim(1, -1) : output;
  at::Tensor flat = last.reshape({-1, heard.outer, n, heard.inner}).permute({0, 1, 3, 2}).reshape({-1, n});
  const std::int64_t step = std::max<std::int64_t>(1, flat.size(0) / kSamples);
  return flat.slice(0, 0, flat.size(0), step).to(at::kCPU, at::kDouble);
}

class Listener final : public Tap {
 public:
  Listener(const Symmetry& symmetry, const std::vector<HeardUnits>& wanted)
      : symmetry_(symmetry), wanted_(wanted), heard_(wanted.size()) {}
  void passed(const Passage& passage) override {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (wanted_[i].layer != passage.layer) continue;
      heard_[i] = samples_of(wanted_[i], symmetry_.groups[wanted_[i].group].size, passage.output.detach());
    }
  }
  const std::vector<at::Tensor>& heard() const { return heard_; }

 private:
  const Symmetry& symmetry_;
  const std::vector<HeardUnits>& wanted_;
  std::vector<at::Tensor> heard_;
};

// Σ over samples, until all batches are heard. Centred at the first batch's means, so that nothing cancels.
struct Sums {
  at::Tensor centre_a, centre_b, a, b, aa, bb, ab;
  std::int64_t count = 0;

  void add(at::Tensor x, at::Tensor y) {
    if (count == 0) {
      centre_a = x.mean(0);
      centre_b = y.mean(0);
    }
    x = x - centre_a;
    y = y - centre_b;
    const auto put = [](at::Tensor& sum, const at::Tensor& more) { sum = sum.defined() ? sum + more : more; };
    put(a, x.sum(0));
    put(b, y.sum(0));
    put(aa, x.square().sum(0));
    put(bb, y.square().sum(0));
    put(ab, x.t().mm(y));
    count += x.size(0);
  }
  at::Tensor correlation() const {
    const auto n = static_cast<double>(count);
    const auto deviation = [&](const at::Tensor& square, const at::Tensor& sum) {
      return (square / n - (sum / n).square()).clamp_min(0.0).sqrt();
    };
    const at::Tensor sa = deviation(aa, a), sb = deviation(bb, b);
    const at::Tensor covariance = ab / n - at::outer(a / n, b / n), size = at::outer(sa, sb);
    const at::Tensor floor = 1e-12 * (1e-300 + sa.max() * sb.max());
    return at::where(size > floor, covariance / size, at::zeros_like(size));
  }
};

}  // namespace

std::map<std::size_t, std::vector<SimilarityTerm>> correlations(const Symmetry& symmetry, const HeardPair& heard) {
  const std::vector<HeardUnits> wanted = worth_hearing(symmetry);
  std::vector<Sums> sums(wanted.size());
  for (std::int64_t batch = 0; batch < heard.batches; ++batch) {
    Listener a(symmetry, wanted), b(symmetry, wanted);
    heard.a(batch, a);
    heard.b(batch, b);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (a.heard()[i].defined() && b.heard()[i].defined()) sums[i].add(a.heard()[i], b.heard()[i]);
    }
  }
  std::map<std::size_t, std::vector<SimilarityTerm>> result;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (sums[i].count == 0) continue;
    const HeardUnits& h = wanted[i];
    std::vector<std::size_t> cells;
    if (h.factors >= 0 && symmetry.factors[static_cast<std::size_t>(h.factors)].sign) {
      cells.push_back(static_cast<std::size_t>(h.factors));
    }
    result[h.group].push_back({.similarity = sums[i].correlation(), .cells = std::move(cells)});
  }
  return result;
}

}  // namespace thalweg
