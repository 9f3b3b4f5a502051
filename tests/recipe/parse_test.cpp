// What a recipe means: every key, and every default.
#include "thalweg/recipe/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "recipe_text.h"
#include "thalweg/recipe/names.h"

namespace thalweg::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Recipe, HasADefaultForEverythingButDataAndModel) {
  Recipe expected;
  expected.name = "r";
  expected.folder = "/nowhere";
  expected.data.path = "images";
  expected.model.layers = {{.type = LayerType::linear, .units = 10}};
  expected.optimizer.weight_decay = 0.01;  // of adamw
  EXPECT_EQ(parsed_with(""), expected);
}

TEST(Recipe, ReadsTheKeysAtItsTop) {
  const Recipe recipe = parsed("name = \"fashion mlp\"\nseed = 7\nthreads = 2\n" + kData + kModel);
  EXPECT_EQ(recipe.name, "fashion mlp");
  EXPECT_EQ(recipe.seed, 7U);
  EXPECT_EQ(recipe.threads, 2);
}

TEST(Recipe, IsNamedAfterItsFile) {
  EXPECT_EQ(parse_text(kData + kModel, "folder/fashion-mlp.toml", "").name, "fashion-mlp");
  for (const char* nameless : {"", ".", "..", "folder/.toml", "\xff.toml", "a\nb.toml"}) {
    EXPECT_EQ(parse_text(kData + kModel, nameless, "").name, "run") << nameless;
  }
}

TEST(Recipe, ReadsDataOfEachFormat) {
  const auto data = [](const std::string& keys) { return parsed("[data]\n" + keys + kModel).data; };
  const Data csv = data(
      "format = \"csv\"\npath = \"t.csv\"\nheader = false\ntarget_columns = [\"y\"]\ninput_columns = [\"a\", \"b\"]\n"
      "categorical = [\"c\"]\n");
  EXPECT_EQ(csv.format, Format::csv);
  EXPECT_FALSE(csv.header);
  EXPECT_THAT(csv.target_columns, ElementsAre("y"));
  EXPECT_THAT(csv.input_columns, ElementsAre("a", "b"));
  EXPECT_THAT(csv.categorical, ElementsAre("c"));
  const Data npy = data("format = \"npy\"\ninputs = \"x.npy\"\ntargets_path = \"y.npy\"\ntargets = \"real\"\n");
  EXPECT_EQ(npy.inputs, "x.npy");
  EXPECT_EQ(npy.targets_path, "y.npy");
  EXPECT_EQ(npy.targets, TargetKind::real);
  const Data text = data("format = \"text\"\npath = \"book\"\ncontext = 32\nstride = 8\n");
  EXPECT_EQ(text.context, 32);
  EXPECT_EQ(text.stride, 8);
  const Data made = data(
      "format = \"synthetic\"\nkind = \"quadratic\"\nsamples = 9\nfeatures = 3\nclasses = 4\nnoise = 0\n"
      "condition_number = 1e6\nseed = 5\n");
  const Synthetic expected{"quadratic", 9, 3, 4, 0.0, 1e6, 5};
  EXPECT_EQ(made.synthetic, expected);
  EXPECT_EQ(data("format = \"npz\"\npath = \"d.npz\"\n").format, Format::npz);
  EXPECT_EQ(data("format = \"safetensors\"\npath = \"d\"\n").format, Format::safetensors);
}

TEST(Recipe, TakesTheTargetsOfNpyUnderEitherKey) {
  const Data npy = parsed("[data]\nformat = \"npy\"\ninputs = \"x.npy\"\ntargets = \"y.npy\"\n" + kModel).data;
  EXPECT_EQ(npy.targets_path, "y.npy");
  EXPECT_EQ(npy.targets, TargetKind::infer);
}

TEST(Recipe, ReadsSplitsAsGivenFractionOrPath) {
  const auto splits = [](const std::string& keys) { return parsed(kData + keys + kModel).data; };
  EXPECT_EQ(splits("").test, Split(Given{}));
  EXPECT_EQ(splits("").validation, Split(0.1));
  EXPECT_EQ(splits("test = 0.25\nvalidation = 0\n").test, Split(0.25));
  EXPECT_EQ(splits("test = 0.25\nvalidation = 0\n").validation, Split(0.0));
  EXPECT_EQ(splits("test = \"other\"\nvalidation = \"more\"\n").test, Split("other"));
  EXPECT_EQ(splits("test = \"given\"\nvalidation = \"more\"\n").validation, Split("more"));
}

TEST(Recipe, ReadsScalingsAsWordsOrNumbers) {
  const Data data = parsed(kData +
                           "input_scaling = 255\ntarget_scaling = \"minmax\"\ntest_input_scaling = \"row_l2\"\n"
                           "test_target_scaling = 0.5\n" +
                           kModel)
                        .data;
  EXPECT_EQ(data.input_scaling, (ScalingChoice{Scaling::divide, 255.0}));
  EXPECT_EQ(data.target_scaling, (ScalingChoice{Scaling::minmax, 1.0}));
  EXPECT_EQ(data.test_input_scaling, (ScalingChoice{Scaling::row_l2, 1.0}));
  EXPECT_EQ(data.test_target_scaling, (ScalingChoice{Scaling::divide, 0.5}));
}

TEST(Recipe, ReadsEveryLayerType) {
  const std::string text = kData + R"([model]
layers = [
  { type = "embedding", units = 16, positions = "sinusoidal" },
  { type = "one_hot" },
  { type = "transformer", heads = 2, units = 64, causal = true },
  { type = "attention", heads = 4 },
  { type = "rnn", units = 8, layers = 2, return = "all" },
  { type = "gru", units = 8 },
  { type = "lstm", units = 8 },
  { type = "conv", channels = 6, kernel = 5, stride = 2, padding = 1, bias = false, name = "first" },
  { type = "pool", kind = "average", kernel = 3, stride = 1 },
  { type = "flatten" },
  { type = "dropout", p = 0.1 },
  { type = "batch_norm", axis = 0, momentum = 0.2, eps = 1e-3, affine = false, track = false },
  { type = "layer_norm", eps = 1e-6 },
  { type = "activation", kind = "gelu" },
  { type = "residual", layers = [{ type = "linear", units = 3 }], activation = "relu" },
  { type = "linear", units = "classes", bias = false, activation = "softmax" },
])";
  const std::vector<Layer> expected = {
      {.type = LayerType::embedding, .units = 16, .positions = Positions::sinusoidal},
      {.type = LayerType::one_hot},
      {.type = LayerType::transformer, .units = 64, .heads = 2, .causal = true},
      {.type = LayerType::attention, .heads = 4},
      {.type = LayerType::rnn, .units = 8, .layers = 2, .output = Return::all},
      {.type = LayerType::gru, .units = 8},
      {.type = LayerType::lstm, .units = 8},
      {.type = LayerType::conv, .name = "first", .bias = false, .channels = 6, .kernel = 5, .stride = 2, .padding = 1},
      {.type = LayerType::pool, .kernel = 3, .stride = 1, .pool = PoolKind::average},
      {.type = LayerType::flatten},
      {.type = LayerType::dropout, .p = 0.1},
      {.type = LayerType::batch_norm, .axis = 0, .momentum = 0.2, .eps = 1e-3, .affine = false, .track = false},
      {.type = LayerType::layer_norm, .eps = 1e-6},
      {.type = LayerType::activation, .activation = Activation::gelu},
      {.type = LayerType::residual, .activation = Activation::relu, .inner = {{.type = LayerType::linear, .units = 3}}},
      {.type = LayerType::linear, .activation = Activation::softmax, .units = kUnitsFromClasses, .bias = false}};
  EXPECT_EQ(parsed(text).model.layers, expected);
}

TEST(Recipe, ReadsFilesOfEverySystem) {
  EXPECT_EQ(parsed("\xef\xbb\xbf" + kData + kModel), parsed_with(""));  // a byte order mark
  std::string windows;
  for (const char c : kData + kModel) windows += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(parsed(windows), parsed_with(""));
}

TEST(Recipe, ReadsLayersAsAnArrayOfTables) {
  const Recipe recipe = parsed(kData + "[[model.layers]]\ntype = \"flatten\"\n[[model.layers]]\ntype = \"one_hot\"\n");
  ASSERT_EQ(recipe.model.layers.size(), 2U);
  EXPECT_EQ(recipe.model.layers[1].type, LayerType::one_hot);
}

TEST(Recipe, GivesPoolsAWindowOfTwoAndItsWidthAsStride) {
  const auto pool = [](const std::string& keys) {
    return parsed(kData + "[model]\nlayers = [{ type = \"pool\"" + keys + " }]").model.layers[0];
  };
  EXPECT_EQ(pool("").kernel, 2);
  EXPECT_EQ(pool("").stride, 2);
  EXPECT_EQ(pool(", kernel = 3").stride, 3);
  EXPECT_EQ(pool(", kernel = 3, stride = 0").stride, 3);
  EXPECT_EQ(pool(", kernel = 3, stride = 1").stride, 1);
}

TEST(Recipe, LetsALayersInitInheritKeyByKey) {
  const std::vector<Layer> layers = parsed(kData + R"([model]
layers = [
  { type = "linear", units = 1 },
  { type = "linear", units = 1, init = { kind = "uniform" } },
  { type = "residual", init = { gain = 3.0 }, layers = [{ type = "linear", units = 1, init = { std = 0.5 } }] },
]
[model.init]
kind = "normal"
std = 1.0
limit = 0.2
bias = "zeros"
)")
                                        .model.layers;
  const Init model{.kind = InitKind::normal, .std = 1.0, .limit = 0.2, .bias = BiasInit::zeros};
  EXPECT_EQ(layers[0].init, model);
  Init uniform = model;
  uniform.kind = InitKind::uniform;
  EXPECT_EQ(layers[1].init, uniform);
  Init inner = model;
  inner.gain = 3.0;
  EXPECT_EQ(layers[2].init, inner);
  inner.std = 0.5;
  EXPECT_EQ(layers[2].inner[0].init, inner);
}

TEST(Recipe, ReadsLossAndMetrics) {
  const Recipe recipe = parsed_with(
      "[loss]\nkind = \"huber\"\nnormalize = true\nclip = 1e-7\nreduction = \"sum\"\nlabel_smoothing = 0.1\nl2 = 1e-4\n"
      "delta = 2\n[metric]\nkinds = [\"r2\", \"mae\"]\n");
  const Loss expected{LossKind::huber, true, 1e-7, Reduction::sum, 0.1, 1e-4, 2.0};
  EXPECT_EQ(recipe.loss, expected);
  EXPECT_THAT(recipe.metric.kinds, ElementsAre(MetricKind::r2, MetricKind::mae));
  EXPECT_THAT(parsed_with("[metric]\nkind = \"top5\"\n").metric.kinds, ElementsAre(MetricKind::top5));
}

TEST(Recipe, ChoosesTheMetricThatTheLossCallsFor) {
  const auto metric = [](const std::string& loss) {
    return parsed_with("[loss]\nkind = \"" + loss + "\"\n").metric.kinds;
  };
  EXPECT_THAT(metric("cross_entropy"), ElementsAre(MetricKind::accuracy));
  EXPECT_THAT(metric("nll_probabilities"), ElementsAre(MetricKind::accuracy));
  EXPECT_THAT(metric("bce"), ElementsAre(MetricKind::binary_accuracy));
  EXPECT_THAT(metric("bce_logits"), ElementsAre(MetricKind::binary_accuracy));
  EXPECT_THAT(metric("mse"), ElementsAre(MetricKind::rmse));
  EXPECT_THAT(metric("huber"), ElementsAre(MetricKind::rmse));
  EXPECT_THAT(metric("mae"), ElementsAre(MetricKind::mae));
}

TEST(Recipe, ReadsTheOptimizer) {
  const Optimizer optimizer = parsed_with(R"([optimizer]
kind = "sgd"
lr = 1
momentum = 0.9
nesterov = true
betas = [0.8, 0.99]
alpha = 0.9
eps = 0
weight_decay = 5e-4
clip_norm = 1.0
groups = [{ match = "*.bias", weight_decay = 0.0 }, { match = "conv?.*", lr = 0.5 }]
)")
                                  .optimizer;
  const Optimizer expected{.kind = OptimizerKind::sgd,
                           .lr = 1.0,
                           .momentum = 0.9,
                           .nesterov = true,
                           .beta1 = 0.8,
                           .beta2 = 0.99,
                           .alpha = 0.9,
                           .eps = 0.0,
                           .weight_decay = 5e-4,
                           .clip_norm = 1.0,
                           .groups = {{"*.bias", -1.0, 0.0}, {"conv?.*", 0.5, -1.0}}};
  EXPECT_EQ(optimizer, expected);
}

TEST(Recipe, DecaysWeightsByDefaultOnlyWhereTheDecayIsDecoupled) {
  const auto decay = [](const std::string& keys) { return parsed_with("[optimizer]\n" + keys).optimizer.weight_decay; };
  EXPECT_EQ(decay("kind = \"adamw\""), 0.01);
  EXPECT_EQ(decay("kind = \"nadamw\""), 0.01);
  EXPECT_EQ(decay("kind = \"adamw\"\nweight_decay = 0.0"), 0.0);
  for (const char* other : {"sgd", "adam", "rmsprop"}) {
    EXPECT_EQ(decay("kind = \"" + std::string(other) + "\""), 0.0) << other;
  }
}

TEST(Recipe, ReadsTheSchedule) {
  const Schedule schedule = parsed_with(R"([schedule]
kind = "multistep"
warmup = 0.1
final = 0.01
every = 7
factor = 0.5
milestones = [10, 20]
rate = 0.2
period = 30
growth = 2
decay = 0.3
power = 2
patience = 3
threshold = 0.01
peak = 0.4
)")
                                .schedule;
  const Schedule expected{ScheduleKind::multistep, 0.1, 0.01, 7, 0.5, {10, 20}, 0.2, 30, 2.0, 0.3, 2.0, 3, 0.01, 0.4};
  EXPECT_EQ(schedule, expected);
}

TEST(Recipe, CountsEpochsOnlyWhereNothingElseLimitsTheRun) {
  const auto epochs = [](const std::string& keys) { return parsed_with("[stop]\n" + keys).stop.epochs; };
  EXPECT_EQ(epochs(""), 10);
  EXPECT_EQ(epochs("steps = 100"), 0);
  EXPECT_EQ(epochs("seconds = 1.5"), 0);
  EXPECT_EQ(epochs("steps = 100\nepochs = 3"), 3);
  EXPECT_EQ(epochs("patience = 4"), 10);
  EXPECT_EQ(epochs("patience = 4\nepochs = 0"), 0);
}

TEST(Recipe, ReadsStopWatchActDoctorAndCheckpoint) {
  const Recipe recipe = parsed_with(R"([stop]
epochs = 1
steps = 2
evaluate_every = 3
seconds = 4.5
metric_target = -0.5
patience = 6
rule = "up_strips"
alpha = 7
strip = 8
strips = 9
restore_best = true
[watch]
budget = 0.1
cadence = 5
instruments = ["overshoot", "norms"]
[act]
mode = "autopilot"
[doctor]
budget = 1
levers = ["lr", "test_scaling"]
goal = "loss"
[checkpoint]
every = 100
keep = 1
[batch]
size = 0
shuffle = false
drop_last = true
accumulate = 4
)");
  EXPECT_EQ(recipe.stop, (Stop{1, 2, 3, 4.5, -0.5, 6, StopRule::up_strips, 7.0, 8, 9, true}));
  EXPECT_EQ(recipe.watch, (Watch{0.1, 5, {"overshoot", "norms"}}));
  EXPECT_EQ(recipe.act.mode, ActMode::autopilot);
  EXPECT_EQ(recipe.doctor, (Doctor{1.0, {"lr", "test_scaling"}, "loss"}));
  EXPECT_EQ(recipe.checkpoint, (Checkpoint{100, 1}));
  EXPECT_EQ(recipe.batch, (Batch{0, false, true, 4}));
}

TEST(Recipe, TakesAWordAloneForInstrumentsAndLevers) {
  const Recipe recipe = parsed_with("[watch]\ninstruments = \"none\"\n[doctor]\nlevers = [\"all\"]\n");
  EXPECT_THAT(recipe.watch.instruments, ElementsAre("none"));
  EXPECT_THAT(recipe.doctor.levers, ElementsAre("all"));
}

// Mistakes that people make, and that a run is to show: the recipe lets them be said.
TEST(Recipe, CanSayFoolishThings) {
  EXPECT_EQ(complaint(R"([data]
format = "idx"
path = "images"
input_scaling = "none"
test_input_scaling = "none"
test_target_scaling = "standardize"
target_scaling = 3
[batch]
size = 1
shuffle = false
[model]
layers = [
  { type = "batch_norm", axis = 0 },
  { type = "batch_norm", axis = -1, eps = 0.0, momentum = 1.0 },
  { type = "dropout", p = 1.0 },
  { type = "linear", units = 1, activation = "softmax" },
]
init = { kind = "normal", std = 1.0, bias = "same" }
[loss]
kind = "nll_probabilities"
[metric]
kind = "bits_per_character"
[optimizer]
lr = 1e6
eps = 0.0
momentum = 0.9
)"),
            "");
}

TEST(Recipe, MakesPathsAbsoluteWhereTheyLieInItsFolder) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "thalweg_recipe_paths";
  std::filesystem::create_directories(folder / "images");
  std::ofstream(folder / "other.npz") << "x";
  std::ofstream(folder / "my recipe.toml") << kData + "test = \"other.npz\"\nvalidation = \"absent.npz\"\n" + kModel;
  const Recipe recipe = parse_file(folder / "my recipe.toml");
  EXPECT_EQ(recipe.name, "my recipe");
  EXPECT_EQ(recipe.folder, folder.string());
  EXPECT_EQ(recipe.data.path, (folder / "images").string());
  EXPECT_EQ(recipe.data.test, Split((folder / "other.npz").string()));
  EXPECT_EQ(recipe.data.validation, Split("absent.npz"));  // sought elsewhere later
  EXPECT_EQ(parse_text(to_toml(recipe), "elsewhere.toml", folder), recipe);
  std::filesystem::remove_all(folder);
}

TEST(Recipe, TellsWhatHasNoEffect) {
  EXPECT_THAT(idle_keys(parsed_with("")), ElementsAre());
  EXPECT_THAT(
      idle_keys(parsed_with("[optimizer]\nkind = \"adamw\"\nmomentum = 0.9\n[schedule]\nevery = 1000\nrate = 1\n"
                            "[model.init]\nstd = 1.0\n")),
      ElementsAre("model.init.std = 1.0: has no effect with kind = \"default\"; it belongs to normal",
                  "optimizer.momentum = 0.9: has no effect with kind = \"adamw\"; it belongs to sgd, rmsprop",
                  "schedule.rate = 1.0: has no effect with kind = \"constant\"; it belongs to exponential, "
                  "inverse_time"));
}

}  // namespace
}  // namespace thalweg::recipe
