// Gathers the symmetry of a network while somebody follows its signal from layer to layer. Internal to model/ and
// python/: a recipe's layers are followed by symmetry_of, foreign modules by the bindings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/model/symmetry.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

class SymmetryBuilder {
 public:
  // What passes between two layers: the units of a group on its feature axis, laid out as AxisUse has it.
  struct Signal {
    std::size_t group = 0;
    std::size_t cell = 0;  // between where they were last written and where they are read
    std::int64_t outer = 1;
    std::int64_t inner = 1;
  };
  struct Place {
    std::string tensor;
    std::int64_t axis = 0;
  };

  Signal input(std::int64_t size);  // data: nothing of it is free
  Signal fresh(const std::string& layer, const std::string& what, std::int64_t size);
  Signal renewed(const Signal& signal, const std::string& layer);  // the same units, written anew by scale and shift

  void write(const Signal& signal, const Place& place);
  void read(const Signal& signal, const Place& place);
  void ride(const Signal& signal, const Place& place);  // permuted with the units, and no factor touches it
  // Of units in `blocks` blocks (gates), permuted in each, with a factor in the one numbered `gate`.
  void write_gate(const Signal& signal, const Place& place, std::int64_t blocks, std::int64_t gate);

  void activation(const Signal& signal, recipe::Activation kind);
  void max_pool(const Signal& signal);
  void no_scale(const Signal& signal);
  void no_factors(const Signal& signal);
  void no_mixing(const Signal& signal);
  void blocks(const Signal& signal, std::int64_t number);  // a group norm's
  void pin(const Signal& signal, const std::string& why);  // neither permutation nor factor
  void keep_order(const Signal& signal, const std::string& why);
  void tie(const Signal& a, const Signal& b);  // added to each other
  void written_by(const Signal& signal, const std::string& layer);
  // Heads of attention: groups without a signal.
  void heads(const UnitGroup& group) { heads_.push_back(group); }
  void further(const FlatDirections& directions) { further_.push_back(directions); }
  void heard(const std::string& layer, const Signal& signal) { heard_.push_back({layer, signal}); }

  std::int64_t size(const Signal& signal) const { return groups_[root_group(signal.group)].size; }
  Symmetry finish() const;

 private:
  struct Cell {
    std::size_t parent = 0;
    std::size_t group = 0;
    std::string name;
    bool sign = true, scale = true, mixing = true;
    std::vector<AxisUse> uses;
  };
  struct Heard {
    std::string layer;
    Signal signal;
  };
  std::size_t root_group(std::size_t i) const;
  std::size_t root_cell(std::size_t i) const;
  Cell& cell(const Signal& signal) { return cells_[root_cell(signal.cell)]; }
  UnitGroup& group(const Signal& signal) { return groups_[root_group(signal.group)]; }
  void merge_groups(std::size_t a, std::size_t b);
  void merge_cells(std::size_t a, std::size_t b);

  std::vector<UnitGroup> groups_;
  std::vector<std::size_t> group_parent_;
  std::vector<Cell> cells_;
  std::vector<UnitGroup> heads_;
  std::vector<FlatDirections> further_;
  std::vector<Heard> heard_;
};

}  // namespace thalweg
