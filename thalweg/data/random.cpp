#include "thalweg/data/random.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace thalweg {
namespace {

constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;  // 2^64 / golden ratio

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace

Random::Random(std::uint64_t seed, Stream stream, std::uint64_t counter)
    : state_(mix(mix(mix(seed + kStep) + static_cast<std::uint64_t>(stream) * kStep) + counter * kStep)) {}

std::uint64_t Random::bits() {
  state_ += kStep;
  return mix(state_);
}

std::uint64_t Random::below(std::uint64_t bound) {
  unsigned __int128 product = static_cast<unsigned __int128>(bits()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t biased = (0 - bound) % bound;  // 2^64 mod bound: so many low halves would be counted twice
    while (static_cast<std::uint64_t>(product) < biased) product = static_cast<unsigned __int128>(bits()) * bound;
  }
  return static_cast<std::uint64_t>(product >> 64U);
}

double Random::uniform() { return static_cast<double>(bits() >> 11U) * 0x1p-53; }

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

void Random::shuffle(std::span<std::int64_t> values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
}

}  // namespace thalweg
