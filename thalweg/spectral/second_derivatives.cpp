#include "thalweg/spectral/second_derivatives.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/csrc/autograd/node.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <regex>
#include <set>
#include <unordered_set>
#include <utility>

namespace thalweg {
namespace {

using torch::autograd::Node;

// "aten::x" out of torch's words, the backward of x being x's; "" where they name no operation.
std::string operation_in(const std::string& words) {
  std::smatch match;
  if (!std::regex_search(words, match, std::regex("aten::[A-Za-z0-9_.]+"))) return "";
  return std::regex_replace(match.str(), std::regex("_backward$"), "");
}

// "MulBackward0" as "Mul"; torch's wrapper around a custom function is taken off.
std::string operation_of(const Node& node) {
  const std::string name = std::regex_replace(node.name(), std::regex("^torch::autograd::CppNode<(.*)>$"), "$1");
  return std::regex_replace(name, std::regex("Backward[0-9]*$"), "");
}

std::string first_of(std::string a, std::string b) { return a.empty() ? std::move(b) : std::move(a); }

std::vector<Node*> nodes_behind(const std::vector<at::Tensor>& roots) {
  std::unordered_set<Node*> seen;
  std::vector<Node*> order;
  const auto visit = [&](Node* node) {
    if (node != nullptr && seen.insert(node).second) order.push_back(node);
  };
  for (const at::Tensor& root : roots) {
    if (root.defined()) visit(root.grad_fn().get());
  }
  for (std::size_t i = 0; i < order.size(); ++i) {  // grows on the way
    for (const auto& edge : order[i]->next_edges()) visit(edge.function.get());
  }
  return order;
}

// What the hooks find; they may run on the engine's own threads.
struct Found {
  std::mutex mutex;
  std::set<std::string> names;
  std::set<std::string> words;  // that refusing nodes will say when they are met
  void add(std::string name, std::string said = "") {
    const std::scoped_lock lock(mutex);
    names.insert(std::move(name));
    words.insert(std::move(said));
  }
};

// Looks at one node's backward as it runs with a graph. Its incoming gradients carry a graph (the seed does), and it is
// linear in them: a result without one, unless it is zero, was computed outside autograd.
class LookAtBackward final : public torch::autograd::FunctionPostHook {
 public:
  LookAtBackward(const Node& node, Found& found) : node_(node), found_(found) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& results,
                                            const torch::autograd::variable_list& incoming) override {
    for (const at::Tensor& result : results) {
      if (result.defined()) look(result, incoming);
    }
    return results;
  }

 private:
  void look(const at::Tensor& result, const torch::autograd::variable_list& incoming) {
    if (!result.requires_grad()) {
      bool carried = false;
      for (const at::Tensor& g : incoming) carried = carried || (g.defined() && g.requires_grad());
      if (carried && result.ne(0).any().item<bool>()) found_.add(operation_of(node_));
      return;
    }
    const Node* maker = result.grad_fn().get();
    if (const auto* refusal = dynamic_cast<const torch::autograd::Error*>(maker)) {
      found_.add(first_of(operation_in(refusal->msg), operation_of(node_)), refusal->msg);
    } else if (maker != nullptr && maker->name().find("NotImplemented") != std::string::npos) {
      found_.add(operation_of(node_));
    }
  }

  const Node& node_;
  Found& found_;
};

// Hooks on nodes for a while.
class Hooks {
 public:
  Hooks(std::vector<Node*> nodes, Found& found) : nodes_(std::move(nodes)) {
    for (Node* node : nodes_) keys_.push_back(node->add_post_hook(std::make_unique<LookAtBackward>(*node, found)));
  }
  ~Hooks() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->del_post_hook(keys_[i]);
  }
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

 private:
  std::vector<Node*> nodes_;
  std::vector<uintptr_t> keys_;
};

std::vector<at::Tensor> gradient_with_graph(const at::Tensor& loss, const std::vector<at::Tensor>& parameters,
                                            Found& found) {
  const Hooks hooks(nodes_behind({loss}), found);
  const at::Tensor seed = at::ones_like(loss.detach()).requires_grad_();
  return torch::autograd::grad({loss}, parameters, {seed}, /*retain_graph=*/true, /*create_graph=*/true,
                               /*allow_unused=*/true);
}

// Differentiates `gradient` once more; false, and what threw is named, where that cannot be done.
bool try_second(const std::vector<at::Tensor>& gradient, const std::vector<at::Tensor>& parameters, Found& found) {
  std::vector<at::Tensor> directions;
  for (const at::Tensor& g : gradient) directions.push_back(at::ones_like(g.detach()));
  try {
    torch::autograd::grad(gradient, parameters, directions, /*retain_graph=*/true, /*create_graph=*/false,
                          /*allow_unused=*/true);
    return true;
  } catch (const std::exception& error) {
    const std::string words = error.what(), line = words.substr(0, words.find('\n'));
    if (!found.words.contains(line)) found.add(first_of(operation_in(line), line));
    return false;
  }
}

}  // namespace

std::vector<std::string> missing_second_derivatives(const at::Tensor& loss, const std::vector<at::Tensor>& parameters) {
  if (!loss.requires_grad()) return {};
  const at::AutoGradMode with_graph(true);
  Found found;
  std::vector<at::Tensor> differentiable;
  for (const at::Tensor& g : gradient_with_graph(loss, parameters, found)) {
    if (g.defined() && g.requires_grad()) differentiable.push_back(g);
  }
  // A trial ends at the first operation that throws: the parameters one by one find those that lie on other ways.
  if (!differentiable.empty() && !try_second(differentiable, parameters, found)) {
    for (const at::Tensor& g : differentiable) try_second({g}, parameters, found);
  }
  return {found.names.begin(), found.names.end()};
}

}  // namespace thalweg
