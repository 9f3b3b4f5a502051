#include "thalweg/data/synthetic.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>

#include "thalweg/data/random.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::Synthetic;

// Rows are written one after the other, in the order of the random numbers.
struct Problem {
  at::Tensor inputs;
  at::Tensor targets;
};

[[noreturn]] void fail(const Synthetic& s, const std::string& what) {
  throw UsageError(fmt::format("data.kind = \"{}\": {}", printable(s.kind), what));
}

void require_features(const Synthetic& s, std::int64_t least, std::int64_t most) {
  if (s.features >= least && s.features <= most) return;
  fail(s, fmt::format("data.features = {}, but it needs {}", s.features,
                      least == most ? std::to_string(least) : fmt::format("{} or more", least)));
}
constexpr std::int64_t kAny = std::int64_t{1} << 40;

at::Tensor normal(std::int64_t rows, std::int64_t columns, Random& random) {
  at::Tensor out = at::empty({rows, columns}, at::kDouble);
  double* data = out.data_ptr<double>();
  std::generate(data, data + out.numel(), [&] { return random.normal(); });
  return out;
}

// Row i is of class i mod K; `place` gives the point of a class, to which noise is added.
template <class Place>
Problem classes_around(const Synthetic& s, std::int64_t classes, Random& random, Place place) {
  const at::Tensor noise = normal(s.samples, s.features, random).mul_(s.noise);
  const at::Tensor labels = at::empty({s.samples}, at::kLong);
  auto x = noise.accessor<double, 2>();
  auto y = labels.accessor<std::int64_t, 1>();
  for (std::int64_t i = 0; i < s.samples; ++i) {
    y[i] = i % classes;
    place(i, y[i], x[i]);
  }
  return {noise, labels};
}

Problem blobs(const Synthetic& s, Random& random) {
  return classes_around(s, s.classes, random, [&](std::int64_t, std::int64_t k, auto row) {
    const double share = static_cast<double>(k) / static_cast<double>(s.classes);
    if (s.features == 1) {
      row[0] += s.classes == 1 ? 0.0 : 2.0 * static_cast<double>(k) / static_cast<double>(s.classes - 1) - 1.0;
      return;
    }
    row[0] += std::cos(2.0 * std::numbers::pi * share);
    row[1] += std::sin(2.0 * std::numbers::pi * share);
  });
}

Problem spirals(const Synthetic& s, Random& random) {
  require_features(s, 2, 2);
  constexpr double kTurns = 0.75;
  const std::int64_t each = std::max<std::int64_t>(1, (s.samples + s.classes - 1) / s.classes);
  return classes_around(s, s.classes, random, [&](std::int64_t i, std::int64_t k, auto row) {
    const double radius = static_cast<double>(i / s.classes + 1) / static_cast<double>(each);
    const double angle =
        2.0 * std::numbers::pi * (static_cast<double>(k) / static_cast<double>(s.classes) + kTurns * radius);
    row[0] += radius * std::cos(angle);
    row[1] += radius * std::sin(angle);
  });
}

Problem exclusive_or(const Synthetic& s, Random& random) {
  require_features(s, 2, 2);
  Problem result = classes_around(s, 4, random, [](std::int64_t, std::int64_t corner, auto row) {
    row[0] += (corner & 1) != 0 ? 1.0 : -1.0;
    row[1] += (corner & 2) != 0 ? 1.0 : -1.0;
  });
  const at::Tensor corner = result.targets;
  result.targets = at::bitwise_xor(corner.bitwise_and(1), at::bitwise_right_shift(corner, 1));
  return result;
}

Problem parity(const Synthetic& s, Random& random) {
  Problem result{at::empty({s.samples, s.features}, at::kDouble), at::empty({s.samples}, at::kLong)};
  auto x = result.inputs.accessor<double, 2>();
  auto y = result.targets.accessor<std::int64_t, 1>();
  for (std::int64_t i = 0; i < s.samples; ++i) {
    y[i] = 0;
    for (std::int64_t j = 0; j < s.features; ++j) {
      const auto bit = static_cast<std::int64_t>(random.below(2));
      y[i] ^= bit;
      x[i][j] = static_cast<double>(2 * bit - 1) + s.noise * random.normal();
    }
  }
  return result;
}

// From 1 down to 1/condition_number, each the same share of the one before.
at::Tensor eigenvalues(const Synthetic& s) {
  at::Tensor exponents =
      s.features == 1 ? at::zeros({1}, at::kDouble) : at::linspace(0.0, 1.0, s.features, at::kDouble);
  return at::pow(at::Scalar(s.condition_number), exponents.neg());
}

Problem linear_teacher(const at::Tensor& inputs, const Synthetic& s, Random& random) {
  const at::Tensor weights = normal(s.features, 1, random);
  return {inputs, at::mm(inputs, weights) + normal(s.samples, 1, random).mul_(s.noise)};
}

Problem regression(const Synthetic& s, Random& random) {
  return linear_teacher(normal(s.samples, s.features, random) * eigenvalues(s).sqrt(), s, random);
}

Problem quadratic(const Synthetic& s, Random& random) {
  if (s.samples <= s.features) {
    fail(s, fmt::format("data.samples = {}, but it needs more than data.features = {}", s.samples, s.features));
  }
  // Orthonormal columns, all orthogonal to the constant one, and so of mean zero.
  const at::Tensor start = at::cat({at::ones({s.samples, 1}, at::kDouble), normal(s.samples, s.features, random)}, 1);
  const at::Tensor orthonormal = std::get<0>(at::linalg_qr(start)).narrow(1, 1, s.features);
  const at::Tensor rotation = std::get<0>(at::linalg_qr(normal(s.features, s.features, random)));
  const at::Tensor scaled = orthonormal * eigenvalues(s).mul(static_cast<double>(s.samples)).sqrt();
  return linear_teacher(at::mm(scaled, rotation.t()), s, random);
}

Problem adding(const Synthetic& s, Random& random) {
  require_features(s, 2, kAny);
  Problem result{at::zeros({s.samples, s.features, 2}, at::kDouble), at::empty({s.samples, 1}, at::kDouble)};
  auto x = result.inputs.accessor<double, 3>();
  auto y = result.targets.accessor<double, 2>();
  const auto half = static_cast<std::uint64_t>(s.features / 2), length = static_cast<std::uint64_t>(s.features);
  for (std::int64_t i = 0; i < s.samples; ++i) {
    for (std::int64_t t = 0; t < s.features; ++t) x[i][t][0] = random.uniform();
    const auto early = static_cast<std::int64_t>(random.below(half));
    const auto late = static_cast<std::int64_t>(half + random.below(length - half));
    x[i][early][1] = x[i][late][1] = 1.0;
    y[i][0] = x[i][early][0] + x[i][late][0] + s.noise * random.normal();
  }
  return result;
}

Problem copy(const Synthetic& s, Random& random) {
  require_features(s, 3, kAny);
  const std::int64_t symbols = std::min<std::int64_t>(10, (s.features - 1) / 2);
  const std::int64_t blank = s.classes, go = s.classes + 1, answer = s.features - symbols;
  Problem result{at::full({s.samples, s.features}, blank, at::kLong),
                 at::full({s.samples, s.features}, blank, at::kLong)};
  auto x = result.inputs.accessor<std::int64_t, 2>();
  auto y = result.targets.accessor<std::int64_t, 2>();
  for (std::int64_t i = 0; i < s.samples; ++i) {
    x[i][answer - 1] = go;
    for (std::int64_t t = 0; t < symbols; ++t) {
      x[i][t] = y[i][answer + t] = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(s.classes)));
    }
  }
  return result;
}

Problem multilabel(const Synthetic& s, Random& random) {
  const at::Tensor inputs = normal(s.samples, s.features, random), weights = normal(s.features, s.classes, random);
  const at::Tensor scores = at::mm(inputs, weights) + normal(s.samples, s.classes, random).mul_(s.noise);
  return {inputs, scores.gt(0).to(at::kDouble)};
}

using Maker = Problem (*)(const Synthetic&, Random&);
struct Kind {
  std::string_view name;
  Maker make;
  recipe::TargetKind targets;
};
constexpr Kind kKinds[] = {{"blobs", blobs, recipe::TargetKind::classes},
                           {"spirals", spirals, recipe::TargetKind::classes},
                           {"xor", exclusive_or, recipe::TargetKind::classes},
                           {"parity", parity, recipe::TargetKind::classes},
                           {"regression", regression, recipe::TargetKind::real},
                           {"adding", adding, recipe::TargetKind::real},
                           {"copy", copy, recipe::TargetKind::sequence},
                           {"quadratic", quadratic, recipe::TargetKind::real},
                           {"multilabel", multilabel, recipe::TargetKind::multilabel}};

const Kind& kind_of(const Synthetic& s) {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) {
    if (kind.name == s.kind) return kind;
    names.push_back(kind.name);
  }
  const std::string near = nearest(s.kind, names);
  fail(s, fmt::format("there is no such problem{}", near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

void check(const Synthetic& s, std::size_t limit) {
  if (s.samples < 1 || s.features < 1 || s.classes < 1) fail(s, "data.samples, features and classes must be 1 or more");
  if (!(s.noise >= 0.0) || !std::isfinite(s.noise)) fail(s, fmt::format("data.noise = {} must be 0 or more", s.noise));
  if (!(s.condition_number >= 1.0) || !std::isfinite(s.condition_number)) {
    fail(s, fmt::format("data.condition_number = {} must be 1 or more", s.condition_number));
  }
  const std::int64_t shape[] = {s.samples, 2, std::max(s.features, s.classes)};
  const std::int64_t elements = checked_elements(shape, sizeof(double));
  if (elements < 0 || static_cast<std::size_t>(elements) > limit / sizeof(double)) {
    fail(s, fmt::format("{} samples of {} features and {} classes take more than data.memory = {} MiB", s.samples,
                        s.features, s.classes, limit >> 20U));
  }
}

}  // namespace

Source make_synthetic(const recipe::Data& data) {
  const Synthetic& s = data.synthetic;
  const Kind& kind = kind_of(s);
  check(s, memory_limit(data));
  if (std::holds_alternative<std::string>(data.test) || std::holds_alternative<std::string>(data.validation)) {
    fail(s, "data.test and data.validation are fractions; made data lie in no file");
  }
  Random random(s.seed, Stream::synthetic);
  const Problem problem = kind.make(s, random);
  Source source;
  source.name = fmt::format("synthetic {}", s.kind);
  source.train = {to_array(problem.inputs, source.name + ": inputs"),
                  to_array(problem.targets, source.name + ": targets")};
  source.targets = kind.targets;
  return source;
}

}  // namespace thalweg
