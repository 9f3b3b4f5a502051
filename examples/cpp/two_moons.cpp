// A training loop as one writes it with LibTorch: two half moons, told apart by a small network. The lines marked WATCH
// are all that Thalweg needs.
//
//     two_moons [FOLDER]    the run's record goes there; default runs/two_moons
#include <thalweg/watch.h>  // WATCH
#include <torch/torch.h>

#include <iostream>

namespace {

struct Net : torch::nn::Module {
  torch::nn::Linear in{2, 32}, hidden{32, 32}, out{32, 2};
  torch::nn::BatchNorm1d norm{32};
  torch::nn::Dropout drop{0.1};

  Net() {
    register_module("in", in);
    register_module("norm", norm);
    register_module("hidden", hidden);
    register_module("drop", drop);
    register_module("out", out);
  }
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor h = torch::relu(norm(in(x)));
    return out(drop(torch::relu(hidden(h))));
  }
};

struct Rows {
  at::Tensor x, y;
};

Rows two_moons(std::int64_t rows) {
  const at::Tensor y = torch::randint(2, {rows});
  const at::Tensor angle = torch::rand({rows}) * M_PI, side = 1.0 - 2.0 * y;
  const at::Tensor x = torch::stack({angle.cos() * side + y, angle.sin() * side + 0.4 * y}, 1);
  return {x + 0.15 * torch::randn_like(x), y};
}

double accuracy(Net& net, const Rows& rows) {
  const torch::NoGradGuard no_grad;
  net.eval();
  const double share = net.forward(rows.x).argmax(1).eq(rows.y).to(torch::kDouble).mean().item<double>();
  net.train();
  return share;
}

}  // namespace

int main(int count, char** arguments) {
  torch::manual_seed(7);
  const Rows train = two_moons(4096), heldout = two_moons(1024);
  auto net = std::make_shared<Net>();
  torch::optim::AdamW optimizer(net->parameters(), torch::optim::AdamWOptions(3e-3));
  torch::optim::StepLR schedule(optimizer, /*step_size=*/5, /*gamma=*/0.5);

  thalweg::Watch watch(net->named_parameters(), optimizer,  // WATCH
                       {.store = count > 1 ? arguments[1] : "runs/two_moons", .buffers = net->buffers()});
  for (int epoch = 0; epoch < 15; ++epoch) {
    const at::Tensor order = torch::randperm(train.x.size(0));
    for (const at::Tensor& rows : order.split(64)) {
      const at::Tensor x = train.x.index_select(0, rows), y = train.y.index_select(0, rows);
      const auto loss_of_batch = [&] { return torch::nn::functional::cross_entropy(net->forward(x), y); };
      optimizer.zero_grad();
      const at::Tensor loss = loss_of_batch();
      watch.backward(loss, loss_of_batch);  // WATCH, in place of loss.backward()
      torch::nn::utils::clip_grad_norm_(net->parameters(), 1.0);
      watch.step();  // WATCH, in place of optimizer.step()
    }
    schedule.step();
    watch.log("accuracy", accuracy(*net, heldout));  // WATCH, if one likes
  }
  watch.close();  // WATCH: the record is whole
  std::cout << watch.summary();
}
