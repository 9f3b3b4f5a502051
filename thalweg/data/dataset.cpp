#include "thalweg/data/dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "thalweg/data/parts.h"
#include "thalweg/data/random.h"
#include "thalweg/data/scaling.h"
#include "thalweg/data/source.h"
#include "thalweg/data/split.h"
#include "thalweg/data/statistics.h"
#include "thalweg/data/target_scaling.h"
#include "thalweg/data/targets.h"
#include "thalweg/data/text.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Scaling;
using recipe::TargetKind;

// The rows of a part, and the table they are of.
struct PartRows {
  const Array* inputs = nullptr;
  at::Tensor rows;  // undefined: there is no such part
  at::Tensor targets;
};
struct Split {
  PartRows train, validation, test;
};

at::Tensor labels_of(const Targets& targets) {
  if (targets.kind == TargetKind::classes) return targets.train;
  if (targets.kind == TargetKind::onehot) return targets.train.argmax(1);
  return {};
}

PartRows whole(const std::optional<Table>& table, const at::Tensor& targets) {
  return table ? PartRows{&table->inputs, at::arange(table->inputs.rows(), at::kLong), targets} : PartRows{};
}

// Test first, then the limit, then validation from the rest.
Split split_rows(const recipe::Data& data, const Source& source, const Targets& targets, std::uint64_t seed,
                 std::vector<std::string>& notes) {
  Split split{{&source.train.inputs, at::arange(source.train.inputs.rows(), at::kLong), {}},
              whole(source.validation, targets.validation),
              whole(source.test, targets.test)};
  const at::Tensor labels = labels_of(targets);
  at::Tensor& rows = split.train.rows;
  const auto draw = [&](const recipe::Split& choice, PartRows& part, Stream stream, const char* key) {
    const double* fraction = std::get_if<double>(&choice);
    if (fraction == nullptr || *fraction == 0.0) return;
    const DrawnRows drawn = draw_rows(rows, *fraction, labels, Random(seed, stream), key);
    if (!drawn.drawn.defined()) {
      notes.push_back(fmt::format("{} = {} of {} rows is less than one row: nothing is held out there", key, *fraction,
                                  rows.numel()));
      return;
    }
    rows = drawn.kept;
    part = {&source.train.inputs, drawn.drawn, targets.train.index_select(0, drawn.drawn)};
  };
  draw(data.test, split.test, Stream::test_split, "data.test");
  if (data.limit > 0 && data.limit < rows.numel()) rows = rows.narrow(0, 0, data.limit);
  draw(data.validation, split.validation, Stream::validation_split, "data.validation");
  split.train.targets = targets.train.index_select(0, rows);
  return split;
}

// Makes the parts. Inputs of a mapped file stay there when all parts together would take more than the memory that is
// allowed.
class PartMaker {
 public:
  PartMaker(const recipe::Data& data, const Split& split, Dataset& dataset);
  void make();

 private:
  void make_scaled();
  void make_tokens();
  std::shared_ptr<Part> part(const PartRows& rows, const InputScaling& scaling, const at::Tensor& targets) const;
  void check_memory(const Array& array) const;

  const recipe::Data& data_;
  const Split& split_;
  Dataset& dataset_;
  std::size_t limit_;
  std::size_t needed_ = 0;
};

PartMaker::PartMaker(const recipe::Data& data, const Split& split, Dataset& dataset)
    : data_(data), split_(split), dataset_(dataset), limit_(memory_limit(data)) {
  for (const PartRows* rows : {&split.train, &split.validation, &split.test}) {
    if (rows->rows.defined())
      needed_ += static_cast<std::size_t>(rows->rows.numel() * rows->inputs->row_elements()) * sizeof(float);
  }
}

void PartMaker::make() {
  const Array& inputs = *split_.train.inputs;
  dataset_.info.input_shape = {inputs.shape.begin() + 1, inputs.shape.end()};
  if (inputs.shape.size() == 1) dataset_.info.input_shape = {1};
  dataset_.info.tokens =
      dataset_.info.targets == TargetKind::sequence && inputs.shape.size() == 2 && inputs.whole_numbers();
  dataset_.info.tokens ? make_tokens() : make_scaled();
}

void PartMaker::make_scaled() {
  if (data_.input_scaling.kind == Scaling::same) throw UsageError("data.input_scaling: 'same' is for the test part");
  const Array& inputs = *split_.train.inputs;
  const std::span<const std::int64_t> rows = as_span(split_.train.rows);
  const Layout layout = layout_of(inputs);
  const Moments raw = measure(inputs, rows);
  const InputScaling scaling(data_.input_scaling, inputs, raw, "data.input_scaling");
  const bool same = data_.test_input_scaling.kind == Scaling::same;
  const InputScaling of_test =
      same ? scaling : InputScaling(data_.test_input_scaling, inputs, raw, "data.test_input_scaling");
  const Moments scaled = scaling.is_affine()
                             ? scaling.scaled(raw, layout)
                             : measure(inputs, rows, [&](const at::Tensor& block) { return scaling.apply(block); });
  describe_inputs(scaled, layout, dataset_.statistics);
  if (scaling.constant_columns() > 0) {
    dataset_.notes.push_back(fmt::format("{} constant input column(s) are only centred", scaling.constant_columns()));
  }
  dataset_.train = part(split_.train, scaling, split_.train.targets);
  for (const PartRows* held : {&split_.validation, &split_.test}) {
    if (held->rows.defined()) check_finite(*held->inputs, as_span(held->rows));
  }
  dataset_.validation = part(split_.validation, scaling, split_.validation.targets);
  dataset_.test = part(split_.test, of_test, split_.test.targets);
}

std::shared_ptr<Part> PartMaker::part(const PartRows& rows, const InputScaling& scaling,
                                      const at::Tensor& targets) const {
  if (!rows.rows.defined()) return nullptr;
  const Array& inputs = *rows.inputs;
  if (needed_ > limit_ && inputs.bytes.mapped) return std::make_shared<MappedPart>(inputs, rows.rows, scaling, targets);
  std::vector<std::int64_t> shape = {rows.rows.numel()};
  shape.insert(shape.end(), dataset_.info.input_shape.begin(), dataset_.info.input_shape.end());
  const at::Tensor scaled = at::empty(shape, at::kFloat);
  for_each_block(inputs, as_span(rows.rows), [&](std::int64_t first, const at::Tensor& block) {
    scaling.apply_into(scaled.narrow(0, first, block.size(0)), block);
  });
  return std::make_shared<TensorPart>(scaled, targets);
}

void PartMaker::make_tokens() {
  const auto unscaled = [](const recipe::ScalingChoice& choice) {
    return choice.kind == Scaling::standardize || choice.kind == Scaling::none || choice.kind == Scaling::same;
  };
  if (!unscaled(data_.input_scaling) || !unscaled(data_.test_input_scaling)) {
    throw UsageError(
        "data.input_scaling: whole numbers for each step of a sequence are names of things, not amounts; they are not "
        "scaled");
  }
  constexpr std::int64_t kMost = 1'000'000;
  const auto make = [&](const PartRows& rows) -> std::shared_ptr<Part> {
    if (!rows.rows.defined()) return nullptr;
    const at::Tensor tokens = rows.inputs->gather(as_span(rows.rows)).to(at::kLong);
    const std::int64_t least = tokens.min().item<std::int64_t>(), most = tokens.max().item<std::int64_t>();
    if (least < 0 || most >= kMost) {
      throw InputError(fmt::format("{}: has the number {}; the things of a sequence are numbered from 0, below {}",
                                   rows.inputs->name, least < 0 ? least : most, kMost));
    }
    dataset_.info.vocabulary = std::max(dataset_.info.vocabulary, most + 1);
    return std::make_shared<TensorPart>(tokens, rows.targets);
  };
  dataset_.train = make(split_.train);
  dataset_.validation = make(split_.validation);
  dataset_.test = make(split_.test);
}

Dataset load_tables(const recipe::Data& data, std::uint64_t seed, const std::filesystem::path& folder) {
  Dataset dataset;
  const Source source = read_source(data, folder);
  dataset.notes = source.notes;
  Targets targets = read_targets(source, data, dataset.notes);
  Split split = split_rows(data, source, targets, seed, dataset.notes);
  targets.train = split.train.targets;
  targets.validation = split.validation.targets;
  targets.test = split.test.targets;
  scale_targets(data, targets, dataset.info, dataset.notes);
  split.train.targets = targets.train;
  split.validation.targets = targets.validation;
  split.test.targets = targets.test;
  describe_targets(targets.train, dataset.info, dataset.statistics);
  PartMaker(data, split, dataset).make();
  return dataset;
}

}  // namespace

Dataset load_dataset(const recipe::Data& data, std::uint64_t seed, const std::filesystem::path& folder) {
  if (data.memory < 1 || data.limit < 0) throw UsageError("data.memory must be 1 or more, and data.limit 0 or more");
  return data.format == recipe::Format::text ? load_text(data, folder) : load_tables(data, seed, folder);
}

}  // namespace thalweg
