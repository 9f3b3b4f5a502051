#include "thalweg/train/through.h"

#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

// Heard while it lives.
class Heard {
 public:
  Heard(Network& network, Tap& tap) : network_(network) { network_.tap(&tap); }
  ~Heard() { network_.tap(nullptr); }
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;

 private:
  Network& network_;
};

}  // namespace

Through through(Network& network, const Objective& objective, Batch batch) {
  return [&network, &objective, batch = std::move(batch), random = random_state()](
             Tap& tap, const std::function<void(const at::Tensor&)>& use) {
    const Undisturbed undisturbed(network);
    if (network.random()) set_random_state(random);
    at::Tensor loss;
    {
      const Heard heard(network, tap);
      loss = objective(network.forward(batch.inputs), batch.targets).total;
    }
    use(loss);
  };
}

}  // namespace thalweg
