#include "thalweg/model/symmetry_builder.h"

#include <algorithm>
#include <map>

namespace thalweg {
namespace {

AxisUse use_of(const SymmetryBuilder::Signal& s, const SymmetryBuilder::Place& p, int power) {
  return {.tensor = p.tensor, .axis = p.axis, .outer = s.outer, .inner = s.inner, .power = power};
}

// A scale that is read and written anew lies on one axis: it is permuted once.
void add_once(std::vector<AxisUse>& uses, const AxisUse& use) {
  const bool there = std::ranges::any_of(
      uses, [&](const AxisUse& u) { return u.tensor == use.tensor && u.axis == use.axis && u.offset == use.offset; });
  if (!there) uses.push_back(use);
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

std::size_t SymmetryBuilder::root_group(std::size_t i) const {
  while (group_parent_[i] != i) i = group_parent_[i];
  return i;
}

std::size_t SymmetryBuilder::root_cell(std::size_t i) const {
  while (cells_[i].parent != i) i = cells_[i].parent;
  return i;
}

SymmetryBuilder::Signal SymmetryBuilder::input(std::int64_t size) {
  const Signal signal = fresh("inputs", "units", size);
  pin(signal, "the data give their order");
  group(signal).layers.clear();
  return signal;
}

SymmetryBuilder::Signal SymmetryBuilder::fresh(const std::string& layer, const std::string& what, std::int64_t size) {
  groups_.push_back({.name = layer, .what = what, .layers = {layer}, .size = size});
  group_parent_.push_back(group_parent_.size());
  cells_.push_back({.parent = cells_.size(), .group = groups_.size() - 1, .name = layer});
  return {.group = groups_.size() - 1, .cell = cells_.size() - 1};
}

SymmetryBuilder::Signal SymmetryBuilder::renewed(const Signal& signal, const std::string& layer) {
  cells_.push_back({.parent = cells_.size(), .group = signal.group, .name = layer, .mixing = false});
  Signal result = signal;
  result.cell = cells_.size() - 1;
  return result;
}

void SymmetryBuilder::write(const Signal& signal, const Place& place) {
  add_once(group(signal).uses, use_of(signal, place, 1));
  cell(signal).uses.push_back(use_of(signal, place, 1));
}

void SymmetryBuilder::read(const Signal& signal, const Place& place) {
  add_once(group(signal).uses, use_of(signal, place, -1));
  cell(signal).uses.push_back(use_of(signal, place, -1));
}

void SymmetryBuilder::ride(const Signal& signal, const Place& place) {
  add_once(group(signal).uses, use_of(signal, place, 1));
}

void SymmetryBuilder::write_gate(const Signal& signal, const Place& place, std::int64_t blocks, std::int64_t gate) {
  AxisUse use = use_of(signal, place, 1);
  use.outer = blocks;
  group(signal).uses.push_back(use);
  use.outer = 1;
  use.offset = gate * size(signal);
  cell(signal).uses.push_back(use);
}

void SymmetryBuilder::activation(const Signal& signal, recipe::Activation kind) {
  using recipe::Activation;
  if (kind == Activation::none) return;
  Cell& c = cell(signal);
  c.mixing = false;
  c.sign = c.sign && kind == Activation::tanh;
  c.scale = c.scale && (kind == Activation::relu || kind == Activation::leaky_relu);
}

void SymmetryBuilder::max_pool(const Signal& signal) { cell(signal).sign = cell(signal).mixing = false; }

void SymmetryBuilder::no_scale(const Signal& signal) { cell(signal).scale = cell(signal).mixing = false; }

void SymmetryBuilder::no_mixing(const Signal& signal) { cell(signal).mixing = false; }

void SymmetryBuilder::no_factors(const Signal& signal) {
  no_scale(signal);
  cell(signal).sign = false;
}

void SymmetryBuilder::blocks(const Signal& signal, std::int64_t number) {
  UnitGroup& g = group(signal);
  const bool layout = signal.outer == 1 || number == 1;
  if (!layout || g.size % number != 0) return keep_order(signal, "a group norm's groups cut through its units");
  if (number == 1 || number == g.size) return;
  if (g.blocks != 1 && g.blocks != number) return keep_order(signal, "two group norms group its units differently");
  g.blocks = number;
}

void SymmetryBuilder::pin(const Signal& signal, const std::string& why) {
  keep_order(signal, why);
  no_factors(signal);
}

void SymmetryBuilder::keep_order(const Signal& signal, const std::string& why) {
  UnitGroup& g = group(signal);
  if (!g.fixed) g.why = why;
  g.fixed = true;
}

void SymmetryBuilder::merge_groups(std::size_t a, std::size_t b) {
  const std::size_t to = std::min(a, b), from = std::max(a, b);
  UnitGroup &into = groups_[to], &gone = groups_[from];
  append(into.layers, gone.layers);
  for (const AxisUse& use : gone.uses) add_once(into.uses, use);
  if (gone.fixed && !into.fixed) into.why = gone.why;
  into.fixed = into.fixed || gone.fixed;
  if (into.blocks == 1) into.blocks = gone.blocks;
  if (gone.blocks != 1 && gone.blocks != into.blocks) {
    into.fixed = true;
    into.why = "two group norms group its units differently";
  }
  group_parent_[from] = to;
}

void SymmetryBuilder::merge_cells(std::size_t a, std::size_t b) {
  const std::size_t to = std::min(a, b), from = std::max(a, b);
  Cell &into = cells_[to], &gone = cells_[from];
  append(into.uses, gone.uses);
  into.sign = into.sign && gone.sign;
  into.scale = into.scale && gone.scale;
  into.mixing = into.mixing && gone.mixing;
  gone.parent = to;
}

void SymmetryBuilder::tie(const Signal& a, const Signal& b) {
  const std::size_t x = root_group(a.group), y = root_group(b.group);
  if (a.outer != b.outer || a.inner != b.inner || size(a) != size(b)) {
    pin(a, "it is added to units that are laid out differently");
    pin(b, "it is added to units that are laid out differently");
    return;
  }
  if (x != y) merge_groups(x, y);
  if (root_cell(a.cell) != root_cell(b.cell)) merge_cells(root_cell(a.cell), root_cell(b.cell));
}

void SymmetryBuilder::written_by(const Signal& signal, const std::string& layer) {
  std::vector<std::string>& layers = group(signal).layers;
  if (std::ranges::find(layers, layer) == layers.end()) layers.push_back(layer);
}

Symmetry SymmetryBuilder::finish() const {
  Symmetry result;
  std::map<std::size_t, std::size_t> number, factors;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (root_group(i) != i || groups_[i].uses.empty()) continue;
    number[i] = result.groups.size();
    result.groups.push_back(groups_[i]);
  }
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Cell& c = cells_[i];
    const auto has = [&](int power) {
      return std::ranges::any_of(c.uses, [&](const AxisUse& u) { return u.power == power; });
    };
    if (root_cell(i) != i || !(c.sign || c.scale || c.mixing) || !has(1) || !has(-1)) continue;
    factors[i] = result.factors.size();
    result.factors.push_back({.name = c.name,
                              .group = number.at(root_group(c.group)),
                              .sign = c.sign,
                              .scale = c.scale,
                              .mixing = c.mixing,
                              .uses = c.uses});
  }
  append(result.groups, heads_);
  result.further = further_;
  for (const Heard& h : heard_) {
    const auto group = number.find(root_group(h.signal.group));
    if (group == number.end()) continue;
    const auto f = factors.find(root_cell(h.signal.cell));
    result.heard.push_back({.layer = h.layer,
                            .group = group->second,
                            .factors = f == factors.end() ? -1 : static_cast<std::int64_t>(f->second),
                            .outer = h.signal.outer,
                            .inner = h.signal.inner});
  }
  return result;
}

}  // namespace thalweg
