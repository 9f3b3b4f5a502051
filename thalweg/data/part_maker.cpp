#include "thalweg/data/part_maker.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "thalweg/data/measure.h"
#include "thalweg/data/parts.h"
#include "thalweg/data/scaling.h"
#include "thalweg/data/source.h"
#include "thalweg/data/statistics.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Scaling;
using recipe::TargetKind;

class PartMaker {
 public:
  PartMaker(const recipe::Data& data, const SplitRows& split, Dataset& dataset);
  void make();

 private:
  void make_scaled();
  void make_tokens();
  void describe(const InputScaling& scaling, const Moments& raw);
  std::shared_ptr<Part> part(const PartRows& rows, const InputScaling& scaling) const;
  std::shared_ptr<Part> token_part(const PartRows& rows);

  const recipe::Data& data_;
  const SplitRows& split_;
  Dataset& dataset_;
  std::size_t limit_;
  std::size_t needed_ = 0;
};

PartMaker::PartMaker(const recipe::Data& data, const SplitRows& split, Dataset& dataset)
    : data_(data), split_(split), dataset_(dataset), limit_(memory_limit(data)) {
  for (const PartRows* rows : {&split.train, &split.validation, &split.test}) {
    if (rows->rows.defined())
      needed_ += static_cast<std::size_t>(rows->rows.numel() * rows->inputs->row_elements()) * sizeof(float);
  }
}

void PartMaker::make() {
  const Array& inputs = *split_.train.inputs;
  dataset_.info.input_shape = {inputs.shape.begin() + 1, inputs.shape.end()};
  dataset_.info.tokens =
      dataset_.info.targets == TargetKind::sequence && inputs.shape.size() == 2 && inputs.whole_numbers();
  dataset_.info.tokens ? make_tokens() : make_scaled();
}

void PartMaker::make_scaled() {
  if (data_.input_scaling.kind == Scaling::same) throw UsageError("data.input_scaling: 'same' is for the test part");
  const Array& inputs = *split_.train.inputs;
  const Moments raw = measure(inputs, as_span(split_.train.rows));
  const InputScaling scaling(data_.input_scaling, inputs, raw, "data.input_scaling");
  const bool same = data_.test_input_scaling.kind == Scaling::same;
  const InputScaling of_test =
      same ? scaling : InputScaling(data_.test_input_scaling, inputs, raw, "data.test_input_scaling");
  describe(scaling, raw);
  dataset_.train = part(split_.train, scaling);
  dataset_.validation = part(split_.validation, scaling);
  dataset_.test = part(split_.test, of_test);
}

void PartMaker::describe(const InputScaling& scaling, const Moments& raw) {
  const Array& inputs = *split_.train.inputs;
  const auto apply = [&](const at::Tensor& block) { return scaling.apply(block); };
  const Layout layout = layout_of(inputs);
  describe_inputs(
      scaling.is_affine() ? scaling.scaled(raw, layout) : measure(inputs, as_span(split_.train.rows), apply), layout,
      dataset_.statistics);
  if (scaling.constant_columns() == 0) return;
  dataset_.notes.push_back(fmt::format("{} constant input column(s) are only centred", scaling.constant_columns()));
}

std::shared_ptr<Part> PartMaker::part(const PartRows& rows, const InputScaling& scaling) const {
  if (!rows.rows.defined()) return nullptr;
  const Array& inputs = *rows.inputs;
  const std::span<const std::int64_t> numbers = as_span(rows.rows);
  const bool measured = &rows == &split_.train;  // and found to be finite
  if (!measured) check_finite(inputs, numbers, [&](const at::Tensor& block) { return scaling.apply(block); });
  if (needed_ > limit_ && inputs.bytes.mapped) {
    return std::make_shared<MappedPart>(inputs, rows.rows, scaling, rows.targets);
  }
  std::vector<std::int64_t> shape = inputs.shape;
  shape[0] = rows.rows.numel();
  const at::Tensor scaled = at::empty(shape, at::kFloat);
  for_each_block(inputs, numbers, [&](std::int64_t first, const at::Tensor& block) {
    scaling.apply_into(scaled.narrow(0, first, block.size(0)), block);
  });
  return std::make_shared<TensorPart>(scaled, rows.targets);
}

void PartMaker::make_tokens() {
  for (const auto& [choice, key] : {std::pair(data_.input_scaling, "data.input_scaling"),
                                    std::pair(data_.test_input_scaling, "data.test_input_scaling")}) {
    // The standard scaling of inputs is for amounts, and means nothing here.
    if (choice.kind == Scaling::standardize || choice.kind == Scaling::none || choice.kind == Scaling::same) continue;
    throw UsageError(fmt::format("{}: the whole numbers of a sequence are names of things; they are not scaled", key));
  }
  dataset_.train = token_part(split_.train);
  dataset_.validation = token_part(split_.validation);
  dataset_.test = token_part(split_.test);
}

std::shared_ptr<Part> PartMaker::token_part(const PartRows& rows) {
  if (!rows.rows.defined()) return nullptr;
  constexpr std::int64_t kMost = 1'000'000;
  const at::Tensor tokens = rows.inputs->gather(as_span(rows.rows)).to(at::kLong);
  const std::int64_t least = tokens.min().item<std::int64_t>(), most = tokens.max().item<std::int64_t>();
  if (least < 0 || most >= kMost) {
    throw InputError(fmt::format("{}: has the number {}; the things of a sequence are numbered from 0, below {}",
                                 rows.inputs->name, least < 0 ? least : most, kMost));
  }
  dataset_.info.vocabulary = std::max(dataset_.info.vocabulary, most + 1);
  return std::make_shared<TensorPart>(tokens, rows.targets);
}

}  // namespace

void make_parts(const recipe::Data& data, const SplitRows& split, Dataset& dataset) {
  PartMaker(data, split, dataset).make();
}

}  // namespace thalweg
