#include "thalweg/data/text.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "thalweg/data/bytes.h"
#include "thalweg/data/find.h"
#include "thalweg/data/parts.h"
#include "thalweg/data/source.h"
#include "thalweg/data/utf8.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

struct Text {
  std::string name;
  Bytes bytes;
  std::string_view view;  // without a byte-order mark
  std::int64_t characters = 0;
};

// Which characters there are.
class Vocabulary {
 public:
  void count(Text& text);
  void number();
  at::Tensor encode(const Text& text) const;
  std::int64_t size() const { return static_cast<std::int64_t>(characters_.size()); }
  std::string utf8() const;

 private:
  static constexpr std::size_t kCodePoints = 0x110000;
  template <class T>
  void encode(const Text& text, T* out) const;

  std::vector<bool> seen_ = std::vector<bool>(kCodePoints, false);
  std::vector<char32_t> characters_;
  std::vector<std::int32_t> numbers_;
};

void Vocabulary::count(Text& text) {
  for (std::size_t at = 0; at < text.view.size(); ++text.characters) {
    const char32_t character = next_character(text.view, at);
    if (character == kNoCharacter) {
      const std::string_view before = text.view.substr(0, at);
      throw InputError(fmt::format(
          "{}:{}: byte {:#04x} at offset {} is not UTF-8; convert the file, for example with iconv -t utf-8", text.name,
          1 + std::count(before.begin(), before.end(), '\n'), static_cast<unsigned char>(text.view[at]), at));
    }
    seen_[character] = true;
  }
}

void Vocabulary::number() {
  numbers_.assign(kCodePoints, 0);
  for (std::size_t c = 0; c < kCodePoints; ++c) {
    if (!seen_[c]) continue;
    numbers_[c] = static_cast<std::int32_t>(characters_.size());
    characters_.push_back(static_cast<char32_t>(c));
  }
}

template <class T>
void Vocabulary::encode(const Text& text, T* out) const {
  for (std::size_t at = 0; at < text.view.size();) *out++ = static_cast<T>(numbers_[next_character(text.view, at)]);
}

at::Tensor Vocabulary::encode(const Text& text) const {
  constexpr std::int64_t kBytes = 256;
  const at::Tensor numbers = at::empty({text.characters}, size() <= kBytes ? at::kByte : at::kInt);
  if (size() <= kBytes) {
    encode(text, numbers.data_ptr<std::uint8_t>());
  } else {
    encode(text, numbers.data_ptr<std::int32_t>());
  }
  return numbers;
}

std::string Vocabulary::utf8() const {
  std::string result;
  for (const char32_t character : characters_) append_utf8(character, result);
  return result;
}

Text open_text(const fs::path& file, std::size_t limit) {
  Text text{shown(file), read_file(file, limit), {}, 0};
  text.view = text.bytes.view;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.view.starts_with(kByteOrderMark)) text.view.remove_prefix(kByteOrderMark.size());
  if (text.view.empty()) throw InputError(fmt::format("{}: is empty", text.name));
  return text;
}

void check_options(const recipe::Data& data) {
  using recipe::Scaling;
  const auto refuse = [](const recipe::ScalingChoice& choice, const char* key, std::initializer_list<Scaling> allowed) {
    if (std::ranges::find(allowed, choice.kind) != allowed.end()) return;
    throw UsageError(fmt::format("{}: characters are numbers of an alphabet, not amounts; they are not scaled", key));
  };
  // The standard scaling of inputs is for numbers, and means nothing here.
  refuse(data.input_scaling, "data.input_scaling", {Scaling::standardize, Scaling::none});
  refuse(data.target_scaling, "data.target_scaling", {Scaling::none});
  refuse(data.test_input_scaling, "data.test_input_scaling", {Scaling::same, Scaling::none});
  refuse(data.test_target_scaling, "data.test_target_scaling", {Scaling::same, Scaling::none});
  if (data.targets != recipe::TargetKind::infer && data.targets != recipe::TargetKind::sequence) {
    throw UsageError("data.targets: a text's targets are its next characters: \"sequence\"");
  }
  if (data.context < 1 || data.stride < 1) throw UsageError("data.context and data.stride must be 1 or more");
}

// Cuts the last `fraction` of the characters off; what is left stays in `text`.
at::Tensor cut_last(at::Tensor& text, double fraction, const char* key) {
  if (!(fraction >= 0.0 && fraction < 1.0)) {
    throw UsageError(fmt::format("{} = {}: a fraction is at least 0 and below 1", key, fraction));
  }
  const auto count = static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(text.numel())));
  const at::Tensor last = text.narrow(0, text.numel() - count, count);
  text = text.narrow(0, 0, text.numel() - count);
  return last;
}

// The held-out part of a split: another file's text, or the last characters of this one's.
std::shared_ptr<Part> held_out(const recipe::Split& split, const std::optional<at::Tensor>& other, at::Tensor& text,
                               const recipe::Data& data, const char* key, std::vector<std::string>& notes) {
  const double* fraction = std::get_if<double>(&split);
  if (!other && (fraction == nullptr || *fraction == 0.0)) return nullptr;
  const at::Tensor characters = other ? *other : cut_last(text, *fraction, key);
  auto part = std::make_shared<TextPart>(
      characters, TextPart::Options{.context = data.context, .stride = std::max(data.stride, data.context)});
  if (part->rows() > 0) return part;
  notes.push_back(
      fmt::format("{} comes to {} characters, fewer than a window of data.context + 1 = {}: nothing is held out there",
                  key, characters.numel(), data.context + 1));
  return nullptr;
}

std::vector<double> shares(const at::Tensor& characters, std::int64_t vocabulary) {
  std::vector<double> result(static_cast<std::size_t>(vocabulary), 0.0);
  const at::Tensor counts =
      at::bincount(characters, {}, vocabulary).to(at::kDouble).div_(static_cast<double>(characters.numel()));
  std::copy_n(counts.const_data_ptr<double>(), result.size(), result.begin());
  return result;
}

}  // namespace

Dataset load_text(const recipe::Data& data, const fs::path& folder) {
  check_options(data);
  Vocabulary vocabulary;
  const auto open = [&](const recipe::Split& split, const char* key) -> std::optional<Text> {
    const auto* path = std::get_if<std::string>(&split);
    if (path == nullptr) return std::nullopt;
    Text text = open_text(find_data(*path, folder, key), memory_limit(data));
    vocabulary.count(text);
    return text;
  };
  const Text text = *open(data.path, "data.path");
  const std::optional<Text> test = open(data.test, "data.test"), validation = open(data.validation, "data.validation");
  vocabulary.number();
  const auto encode = [&](const std::optional<Text>& other) {
    return other ? std::optional(vocabulary.encode(*other)) : std::nullopt;
  };

  Dataset dataset;
  at::Tensor characters = vocabulary.encode(text);
  dataset.test = held_out(data.test, encode(test), characters, data, "data.test", dataset.notes);
  TextPart::Options options{.context = data.context, .stride = data.stride, .limit = data.limit};
  if (data.limit > 0) {
    const std::int64_t rows = TextPart::count_rows(characters.numel(), options);
    if (rows > 0) characters = characters.narrow(0, 0, (rows - 1) * data.stride + data.context + 1);
  }
  dataset.validation =
      held_out(data.validation, encode(validation), characters, data, "data.validation", dataset.notes);
  dataset.train = std::make_shared<TextPart>(characters, options);
  if (dataset.train->rows() == 0) {
    throw InputError(fmt::format("{}: {} characters are left to train on, fewer than a window of data.context + 1 = {}",
                                 text.name, characters.numel(), data.context + 1));
  }
  DataInfo& info = dataset.info;
  info.input_shape = {data.context};
  info.tokens = true;
  info.vocabulary = info.classes = vocabulary.size();
  info.targets = recipe::TargetKind::sequence;
  info.characters = vocabulary.utf8();
  dataset.statistics.class_share = shares(characters, vocabulary.size());
  return dataset;
}

}  // namespace thalweg
