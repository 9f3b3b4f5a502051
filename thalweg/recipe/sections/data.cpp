#include <algorithm>

#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Data> of(const std::vector<Format>& formats) { return owners<Data>("format", &Data::format, formats); }

// none | … or a number to divide by.
Type<ScalingChoice> scaling(const std::vector<Scaling>& kinds) {
  std::vector<std::string_view> words;
  for (const Scaling kind : kinds) words.push_back(name(kind));
  const auto read = [words, kinds](const Node& node, ScalingChoice& value) -> std::optional<Complaint> {
    if (const std::string* word = node.text()) {
      const auto found = std::ranges::find(words, *word);
      if (found == words.end()) return wrong_word(*word, words);
      value = {kinds[found - words.begin()], 1.0};
      return std::nullopt;
    }
    ScalingChoice choice{Scaling::divide, 1.0};
    if (auto complaint = any_number().read(node, choice.divisor)) return complaint;
    if (choice.divisor == 0.0) return Complaint{"divides by zero"};
    value = choice;
    return std::nullopt;
  };
  const auto write = [](const ScalingChoice& value) {
    return value.kind == Scaling::divide ? print(value.divisor) : quoted(name(value.kind));
  };
  return {one_of(words) + " | a number to divide by", read, write};
}

Type<Split> split(bool may_be_given) {
  const auto read = [may_be_given](const Node& node, Split& value) -> std::optional<Complaint> {
    if (std::holds_alternative<std::int64_t>(node.value) || std::holds_alternative<double>(node.value)) {
      double share = 0.0;
      if (auto complaint = share_below(1.0).read(node, share)) return complaint;
      value = share;
      return std::nullopt;
    }
    std::string path;
    if (auto complaint = text().read(node, path)) return complaint;
    if (path == "given" && !may_be_given) return Complaint{"is for the test part alone"};
    if (path == "given")
      value = Given{};
    else
      value = path;
    return std::nullopt;
  };
  const auto write = [](const Split& value) {
    if (const double* share = std::get_if<double>(&value)) return print(*share);
    const std::string* path = std::get_if<std::string>(&value);
    return quoted(path ? *path : "given");
  };
  return {may_be_given ? "given | fraction >= 0 and < 1 | path" : "fraction >= 0 and < 1 | path", read, write};
}

void add_format_keys(Section<Data>& s) {
  s.key("header", &Data::header, yes_no(), "Whether the first line names the columns.").only(of({Format::csv}));
  s.key("target_columns", &Data::target_columns, list_of(text("column"), 1), "The columns that are learned.")
      .must()
      .only(of({Format::csv}));
  s.key("input_columns", &Data::input_columns, list_of(text("column")), "The columns that are read; []: all others.")
      .only(of({Format::csv}));
  s.key("categorical", &Data::categorical, list_of(text("column")), "Columns whose values are names, not amounts.")
      .only(of({Format::csv}));
  s.key("inputs", &Data::inputs, text("path"), "The file of the inputs.").must().only(of({Format::npy}));
  s.key("targets_path", &Data::targets_path, text("path"), "The file of the targets.").must().only(of({Format::npy}));
  s.key("context", &Data::context, size_from(1), "Characters that the network sees at once.").only(of({Format::text}));
  s.key("stride", &Data::stride, size_from(1), "Characters from one window to the next.").only(of({Format::text}));
}

void add_synthetic_keys(Section<Data>& s) {
  const auto made = of({Format::synthetic});
  const Type<std::string> kinds =
      word_of({"blobs", "spirals", "xor", "parity", "regression", "adding", "copy", "quadratic", "multilabel"});
  s.key(
       "kind", [](auto& d) -> auto& { return d.synthetic.kind; }, kinds, "The problem that is made.")
      .must()
      .only(made);
  s.key(
       "samples", [](auto& d) -> auto& { return d.synthetic.samples; }, size_from(1), "Rows that are made.")
      .only(made);
  s.key(
       "features", [](auto& d) -> auto& { return d.synthetic.features; }, size_from(1),
       "Columns of the inputs; for adding and copy the length of the sequence.")
      .only(made);
  s.key(
       "classes", [](auto& d) -> auto& { return d.synthetic.classes; }, size_from(1),
       "Classes, or labels for multilabel.")
      .only(made);
  s.key(
       "noise", [](auto& d) -> auto& { return d.synthetic.noise; }, at_least(0), "Standard deviation of the noise.")
      .only(made);
  s.key(
       "condition_number", [](auto& d) -> auto& { return d.synthetic.condition_number; }, at_least(1),
       "Of regression and quadratic: largest over smallest eigenvalue of the inputs' second moments.")
      .only(made);
  s.key(
       "seed", [](auto& d) -> auto& { return d.synthetic.seed; }, seed_number(),
       "Decides the data; the run's seed does not.")
      .only(made);
}

void add_common_keys(Section<Data>& s) {
  const std::vector<Scaling> input_kinds{Scaling::none, Scaling::unit, Scaling::standardize, Scaling::minmax,
                                         Scaling::row_l2};
  const std::vector<Scaling> target_kinds{Scaling::none, Scaling::standardize, Scaling::minmax};
  const auto with_same = [](std::vector<Scaling> kinds) { return kinds.insert(kinds.begin(), Scaling::same), kinds; };
  s.key("test", &Data::test, split(true),
        "The test part: what the file gives, a fraction of all (of text the last part; 0: none), or another file.");
  s.key("validation", &Data::validation, split(false),
        "The held-out part: a fraction of the training part, stratified for classes (of text the last part; 0: none), "
        "or another file.");
  s.key("limit", &Data::limit, count_from(0), "The first rows of the training part only; 0: all.");
  s.key("targets", &Data::targets, choice<TargetKind>(),
        "What a target is; infer: what the file tells. For npy a file name is taken as targets_path.");
  s.key("input_scaling", &Data::input_scaling, scaling(input_kinds),
        "Fitted on the training part, per column, channel or feature. unit: to [0, 1]; row_l2: each row to length 1.");
  s.key("target_scaling", &Data::target_scaling, scaling(target_kinds),
        "Fitted on the training part; metrics are reported in the original unit.");
  s.key("test_input_scaling", &Data::test_input_scaling, scaling(with_same(input_kinds)),
        "For the test part alone; anything but same is a mistake worth showing.");
  s.key("test_target_scaling", &Data::test_target_scaling, scaling(with_same(target_kinds)),
        "For the test part alone; anything but same is a mistake worth showing.");
  s.key("memory", &Data::memory, size_from(1), "MiB; a larger file is mapped or streamed instead of loaded.");
}

Section<Data> make() {
  Section<Data> s;
  s.key("format", &Data::format, choice<Format>(), "What the data are stored as.").must().decider();
  s.key("path", &Data::path, text("path"), "File or folder: in the recipe's folder, $THALWEG_DATA or share/datasets.")
      .must()
      .only(of({Format::idx, Format::csv, Format::npz, Format::safetensors, Format::text}));
  add_format_keys(s);
  add_synthetic_keys(s);
  add_common_keys(s);
  return s;
}

}  // namespace

const Section<Data>& data_section() {
  static const Section<Data> section = make();
  return section;
}

}  // namespace thalweg::recipe
