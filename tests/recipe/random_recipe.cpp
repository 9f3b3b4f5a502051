#include "random_recipe.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "thalweg/recipe/levers.h"
#include "thalweg/recipe/names.h"

namespace thalweg::recipe {
namespace {

bool coin() { return *rc::gen::arbitrary<bool>(); }

std::int64_t whole(std::int64_t low, std::int64_t high = 1000000) {
  return *rc::gen::inRange<std::int64_t>(low, high + 1);
}

template <class E>
E any(const std::vector<E>& without = {}) {
  std::vector<E> allowed;
  for (const Name<E>& entry : names<E>()) {
    if (std::ranges::find(without, entry.value) == without.end()) allowed.push_back(entry.value);
  }
  return allowed[static_cast<std::size_t>(whole(0, static_cast<std::int64_t>(allowed.size()) - 1))];
}

// Any finite number > 0 from its bits, so that every length of mantissa and exponent occurs.
double positive() {
  const auto bits = *rc::gen::arbitrary<std::uint64_t>();
  const double number = std::abs(std::bit_cast<double>(bits));
  return std::isfinite(number) && number > 0.0 ? number : 0.1;
}
double not_negative() { return coin() ? positive() : 0.0; }
double share(double below = 1.0) {
  return below * static_cast<double>(*rc::gen::arbitrary<std::uint64_t>() >> 11U) * 0x1p-53;
}
double any_number() { return coin() ? positive() : -positive(); }

std::string word(const std::vector<std::string>& parts = {"a", "Z", "\"", "\\", "'", "#", "=", " ", "ä", "€", "😀", "[",
                                                          "\\u"}) {
  std::string text = "x";
  for (std::int64_t i = whole(0, 6); i > 0; --i) text += *rc::gen::elementOf(parts);
  return text;
}
std::vector<std::string> words(std::int64_t least) {
  std::vector<std::string> result(static_cast<std::size_t>(whole(least, 3)));
  for (std::string& text : result) text = word();
  return result;
}

ScalingChoice scaling(const std::vector<Scaling>& without) {
  const Scaling kind = any<Scaling>(without);
  return {kind, kind == Scaling::divide ? any_number() : 1.0};
}

Data data() {
  Data d;
  d.format = any<Format>();
  if (d.format != Format::npy && d.format != Format::synthetic) d.path = word();
  if (d.format == Format::csv)
    d.header = coin(), d.target_columns = words(1), d.input_columns = words(0), d.categorical = words(0);
  if (d.format == Format::npy) d.inputs = word(), d.targets_path = word();
  if (d.format == Format::text) d.context = whole(1), d.stride = whole(1);
  if (d.format == Format::synthetic) {
    d.synthetic = {
        "xor", whole(1), whole(1), whole(1), not_negative(), 1.0 + share(), static_cast<std::uint64_t>(whole(0))};
  }
  if (coin()) d.test = coin() ? Split(share()) : Split(word());
  if (coin()) d.validation = coin() ? Split(share()) : Split(word());
  d.limit = whole(0);
  d.targets = any<TargetKind>();
  d.input_scaling = scaling({Scaling::same});
  d.target_scaling = scaling({Scaling::same, Scaling::unit, Scaling::row_l2});
  d.test_input_scaling = scaling({});
  d.test_target_scaling = scaling({Scaling::unit, Scaling::row_l2});
  d.memory = whole(1);
  return d;
}

Init init() { return {any<InitKind>(), not_negative(), not_negative(), not_negative(), any_number(), any<BiasInit>()}; }

Layer layer(const Init& outer, int depth) {
  using enum LayerType;
  Layer l;
  l.type = depth > 0 ? any<LayerType>() : any<LayerType>({residual});
  l.init = coin() ? outer : init();
  l.activation = any<Activation>();
  if (coin()) l.name = word({"a", "Z", "\"", "ä", " "});
  const auto is = [&](std::initializer_list<LayerType> types) {
    return std::ranges::find(types, l.type) != types.end();
  };
  if (is({linear, embedding, rnn, gru, lstm})) l.units = coin() ? whole(1) : kUnitsFromClasses;
  if (is({transformer})) l.units = whole(0);
  if (is({linear, conv})) l.bias = coin();
  if (is({conv})) l.channels = whole(1), l.kernel = whole(1), l.padding = whole(0);
  if (is({pool})) l.kernel = whole(0), l.pool = any<PoolKind>();
  if (is({conv, pool})) l.stride = whole(1);
  if (is({dropout})) l.p = share();
  if (is({batch_norm})) l.axis = whole(-8, 8), l.momentum = share(), l.track = coin();
  if (is({batch_norm, layer_norm})) l.eps = not_negative(), l.affine = coin();
  if (is({embedding})) l.positions = any<Positions>();
  if (is({rnn, gru, lstm})) l.layers = whole(1, 1000), l.output = any<Return>();
  if (is({attention, transformer})) l.heads = whole(1), l.causal = coin();
  if (is({residual})) {
    for (std::int64_t i = whole(1, 2); i > 0; --i) l.inner.push_back(layer(l.init, depth - 1));
  }
  return l;
}

Optimizer optimizer() {
  Optimizer o{any<OptimizerKind>(), positive(),     share(),        false, share(), share(), share(),
              not_negative(),       not_negative(), not_negative(), {}};
  o.nesterov = coin() && o.momentum > 0.0;
  for (std::int64_t i = whole(0, 2); i > 0; --i) {
    o.groups.push_back({word() + std::to_string(i), coin() ? positive() : -1.0, not_negative()});
  }
  return o;
}

Schedule schedule() {
  Schedule s{any<ScheduleKind>(), share(), not_negative(), whole(1), positive(),     {},     not_negative(), whole(1),
             1.0 + share(),       share(), positive(),     whole(0), not_negative(), share()};
  if (coin()) s.warmup = static_cast<double>(whole(1));
  std::int64_t step = 0;
  for (std::int64_t i = whole(s.kind == ScheduleKind::multistep ? 1 : 0, 3); i > 0; --i)
    s.milestones.push_back(step += whole(1));
  return s;
}

std::vector<MetricKind> metrics() {
  std::vector<MetricKind> kinds(static_cast<std::size_t>(whole(1, 3)));
  for (MetricKind& kind : kinds) kind = any<MetricKind>();
  return kinds;
}

std::vector<std::string> levers() {
  if (coin()) return {"all"};
  return coin() ? std::vector<std::string>{}
                : std::vector<std::string>{"lr", std::string(kLevers[whole(0, std::size(kLevers) - 1)])};
}

Recipe draw() {
  Recipe r;
  r.name = word();
  r.seed = static_cast<std::uint64_t>(*rc::gen::arbitrary<std::int64_t>()) >> 1U;
  r.threads = static_cast<int>(whole(0, 4096));
  r.data = data();
  r.batch = {whole(0), coin(), coin(), whole(1)};
  r.model.init = init();
  for (std::int64_t i = whole(1, 4); i > 0; --i) r.model.layers.push_back(layer(r.model.init, 2));
  r.loss = {any<LossKind>(), coin(), share(0.5), any<Reduction>(), share(), not_negative(), positive()};
  r.metric.kinds = metrics();
  r.optimizer = optimizer();
  r.schedule = schedule();
  r.stop = {whole(1),        whole(0),   whole(0), not_negative(), any_number(), whole(0),
            any<StopRule>(), positive(), whole(1), whole(1),       coin()};
  r.watch = {not_negative(), whole(0), coin() ? std::vector<std::string>{"auto"} : words(0)};
  r.act.mode = any<ActMode>();
  r.doctor = {not_negative(), levers(), coin() ? "metric" : "loss"};
  r.checkpoint = {whole(0), whole(1)};
  r.folder = "/nowhere";
  return r;
}

}  // namespace

rc::Gen<Recipe> random_recipe() { return rc::gen::exec(draw); }

}  // namespace thalweg::recipe
