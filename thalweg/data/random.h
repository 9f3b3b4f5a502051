// Random numbers that are the same on every machine, and a function of where they are drawn, not of what was drawn
// before: SplitMix64 (Steele, Lea, Flood 2014) from a state mixed of (seed, stream, counter).
#pragma once

#include <cstdint>
#include <span>

namespace thalweg {

// What the numbers are for. One seed serves them all, and none shifts another.
enum class Stream : std::uint64_t { test_split = 1, validation_split = 2, batch_order = 3, synthetic = 4 };

class Random {
 public:
  Random(std::uint64_t seed, Stream stream, std::uint64_t counter = 0);
  std::uint64_t bits();
  // 0 … bound-1, each equally likely (Lemire 2019). bound > 0.
  std::uint64_t below(std::uint64_t bound);
  double uniform();  // [0, 1), 53 bits
  double normal();   // mean 0, variance 1 (Box, Muller 1958); the last bit is the machine's logarithm's
  // Fisher and Yates (Durstenfeld 1964).
  void shuffle(std::span<std::int64_t> values);

 private:
  std::uint64_t state_;
};

}  // namespace thalweg
