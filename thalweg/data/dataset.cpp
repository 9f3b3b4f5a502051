#include "thalweg/data/dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>
#include <utility>
#include <variant>

#include "thalweg/data/part_maker.h"
#include "thalweg/data/random.h"
#include "thalweg/data/source.h"
#include "thalweg/data/split.h"
#include "thalweg/data/statistics.h"
#include "thalweg/data/target_scaling.h"
#include "thalweg/data/targets.h"
#include "thalweg/data/text.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::TargetKind;

at::Tensor labels_of(const Targets& targets) {
  if (targets.kind == TargetKind::classes) return targets.train;
  if (targets.kind == TargetKind::onehot) return targets.train.argmax(1);
  return {};
}

PartRows whole(const std::optional<Table>& table, const at::Tensor& targets) {
  return table ? PartRows{&table->inputs, at::arange(table->inputs.rows(), at::kLong), targets} : PartRows{};
}

// Test first, then the limit, then validation from the rest.
SplitRows split_rows(const recipe::Data& data, const Source& source, const Targets& targets, std::uint64_t seed,
                     std::vector<std::string>& notes) {
  SplitRows split{{&source.train.inputs, at::arange(source.train.inputs.rows(), at::kLong), {}},
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

Dataset load_tables(const recipe::Data& data, std::uint64_t seed, const std::filesystem::path& folder) {
  Dataset dataset;
  const Source source = read_source(data, folder);
  dataset.notes = source.notes;
  Targets targets = read_targets(source, data, dataset.notes);
  SplitRows split = split_rows(data, source, targets, seed, dataset.notes);
  targets.train = split.train.targets;
  targets.validation = split.validation.targets;
  targets.test = split.test.targets;
  scale_targets(data, targets, dataset.info, dataset.notes);
  split.train.targets = targets.train;
  split.validation.targets = targets.validation;
  split.test.targets = targets.test;
  describe_targets(targets.train, dataset.info, dataset.statistics);
  make_parts(data, split, dataset);
  return dataset;
}

}  // namespace

Dataset load_dataset(const recipe::Data& data, std::uint64_t seed, const std::filesystem::path& folder) {
  if (data.memory < 1 || data.limit < 0) throw UsageError("data.memory must be 1 or more, and data.limit 0 or more");
  return data.format == recipe::Format::text ? load_text(data, folder) : load_tables(data, seed, folder);
}

}  // namespace thalweg
