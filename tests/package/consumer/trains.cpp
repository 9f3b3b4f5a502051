// The least that a program needs to be watched: trains RUN
#include <thalweg/watch.h>
#include <torch/torch.h>

#include <cstdio>
#include <utility>
#include <vector>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  torch::manual_seed(1);
  torch::nn::Sequential model(torch::nn::Linear(8, 16), torch::nn::Tanh(), torch::nn::Linear(16, 1));
  torch::nn::MSELoss criterion;
  torch::optim::AdamW optimizer(model->parameters(), 1e-2);
  std::vector<std::pair<at::Tensor, at::Tensor>> batches;
  for (int i = 0; i < 60; ++i) {
    const at::Tensor x = torch::randn({32, 8});
    batches.emplace_back(x, x.sin().sum(1, true));
  }

  thalweg::Watch watch(model->named_parameters(), optimizer, {.store = arguments[1], .budget = 0.5, .cadence = 5});
  for (auto& [x, y] : batches) {
    optimizer.zero_grad();
    auto loss = criterion(model->forward(x), y);
    watch.backward(loss);  // in place of loss.backward()
    watch.step();          // in place of optimizer.step()
  }
  watch.close();
  std::printf("%s\nverdict %s\n", watch.summary().c_str(), watch.verdict().c_str());
  return watch.steps() == 60 ? 0 : 1;
}
