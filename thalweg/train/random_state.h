// What a second forward would disturb, kept and put back: torch's random stream and the network's buffers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "thalweg/model/network.h"

namespace thalweg {

at::Tensor random_state();  // bytes of the default generator
void set_random_state(const at::Tensor& state);
void seed_random(std::uint64_t seed);

// Keeps the state when made, puts it back when it goes. Does nothing where the network draws and keeps nothing.
class Undisturbed {
 public:
  explicit Undisturbed(Network& network);
  ~Undisturbed();
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  Network& network_;
  at::Tensor random_;
  std::vector<at::Tensor> buffers_;
};

// Seeds of the run's own streams, so that one does not repeat another (splitmix64, Steele, Lea, Flood 2014).
enum class RunStream : std::uint64_t { order = 1, weights = 2, dropout = 3, sample = 4 };
std::uint64_t stream_seed(std::uint64_t seed, RunStream stream);

}  // namespace thalweg
