// What the user asks for, as values. Parsed from TOML by parse.h, every default filled in. Docs: docs/recipe.md.
// Names, defaults and meanings are the recipe's own keys.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace thalweg::recipe {

enum class Format { idx, csv, npz, npy, safetensors, text, synthetic };
enum class TargetKind { infer, classes, real, multilabel, onehot, sequence };  // "class" is a C++ word
enum class Scaling { none, unit, standardize, minmax, row_l2, divide, same };

struct ScalingChoice {
  Scaling kind = Scaling::none;
  double divisor = 1.0;  // divide
  bool operator==(const ScalingChoice&) const = default;
};

struct Given {
  bool operator==(const Given&) const = default;
};
// A part of the data: as the file gives it, a fraction of what there is, or another file.
using Split = std::variant<Given, double, std::string>;

struct Synthetic {
  std::string kind;  // blobs | spirals | xor | parity | regression | adding | copy | quadratic | multilabel
  std::int64_t samples = 1000;
  std::int64_t features = 2;  // for adding and copy: the sequence's length
  std::int64_t classes = 2;
  double noise = 0.1;
  double condition_number = 1.0;
  std::uint64_t seed = 0;
  bool operator==(const Synthetic&) const = default;
};

struct Data {
  Format format = Format::idx;
  std::string path;          // as written; data/find.h seeks it
  std::string inputs;        // npy
  std::string targets_path;  // npy
  bool header = true;        // csv
  std::vector<std::string> target_columns;
  std::vector<std::string> input_columns;  // empty: all others
  std::vector<std::string> categorical;
  std::int64_t context = 64;  // text
  std::int64_t stride = 1;
  Synthetic synthetic;
  Split test = Given{};
  Split validation = 0.1;
  std::int64_t limit = 0;
  TargetKind targets = TargetKind::infer;
  ScalingChoice input_scaling{Scaling::standardize, 1.0};
  ScalingChoice target_scaling{Scaling::none, 1.0};
  ScalingChoice test_input_scaling{Scaling::same, 1.0};
  ScalingChoice test_target_scaling{Scaling::same, 1.0};
  std::int64_t memory = 4096;  // MiB; a larger file is memory-mapped or streamed instead of loaded
  bool operator==(const Data&) const = default;
};

struct Batch {
  std::int64_t size = 128;
  bool shuffle = true;
  bool drop_last = false;
  std::int64_t accumulate = 1;
  bool operator==(const Batch&) const = default;
};

enum class InitKind {
  standard,  // "default": LibTorch's
  glorot_uniform,
  glorot_normal,
  he_uniform,
  he_normal,
  lecun_normal,
  orthogonal,
  lsuv,
  normal,
  uniform,
  zeros,
  constant,
  identity
};
enum class BiasInit { standard, zeros, same, constant };  // "default" is a C++ word

struct Init {
  InitKind kind = InitKind::standard;
  double std = 0.05;
  double limit = 0.05;
  double gain = 1.0;
  double value = 0.0;
  BiasInit bias = BiasInit::standard;
  bool operator==(const Init&) const = default;
};

enum class LayerType {
  linear,
  conv,
  pool,
  flatten,
  dropout,
  batch_norm,
  layer_norm,
  group_norm,
  embedding,
  one_hot,
  rnn,
  gru,
  lstm,
  attention,
  transformer,
  residual,
  activation
};
enum class Activation { none, relu, tanh, sigmoid, softmax, gelu, elu, selu, leaky_relu, silu };
enum class PoolKind { max, average };
enum class Positions { none, learned, sinusoidal };
enum class Return { last, all };

// One entry of `layers`. Only the fields of its type mean anything.
struct Layer {
  LayerType type = LayerType::linear;
  std::string name;                          // "": type and number, "linear1"
  Activation activation = Activation::none;  // applied after the layer; for type activation: the layer itself
  Init init;                                 // the layer's own, or the model's
  std::int64_t units =
      0;             // linear, embedding, rnn, gru, lstm, transformer (width of its MLP; 0: 4 × width). -1: "classes"
  bool bias = true;  // linear, conv
  std::int64_t channels = 0;  // conv
  std::int64_t kernel = 3;    // conv; pool (2; 0: the whole image)
  std::int64_t stride = 1;    // conv, pool (the kernel)
  std::int64_t padding = 0;   // conv
  PoolKind pool = PoolKind::max;
  double p = 0.5;           // dropout
  std::int64_t axis = 1;    // batch_norm
  double momentum = 0.1;    // batch_norm
  double eps = 1e-5;        // batch_norm, layer_norm
  std::int64_t groups = 8;  // group_norm
  bool affine = true;
  bool track = true;
  Positions positions = Positions::none;
  std::int64_t layers = 1;       // rnn, gru, lstm
  Return output = Return::last;  // `return` in the recipe
  std::int64_t truncate = 0;     // rnn, gru, lstm: time steps that the gradient goes back; 0: all
  std::int64_t memory = 0;       // gru, lstm: steps that the gates begin to remember; 0: as they are drawn
  std::int64_t heads = 1;
  bool causal = false;
  std::vector<Layer> inner;  // residual: `layers` in the recipe
  bool operator==(const Layer&) const = default;
};
inline constexpr std::int64_t kUnitsFromClasses = -1;

// A ready-made network, as asked for: presets.h makes layers of it. Options the preset does not take are errors.
struct Preset {
  std::string kind;                       // "" | lenet | resnet20 | char_transformer | char_lstm
  std::map<std::string, double> options;  // char_transformer: width, heads, layers, dropout; char_lstm: units, layers
  bool operator==(const Preset&) const = default;
};

enum class Statistics { running, precise };  // that batch norms are evaluated with

struct Model {
  std::vector<Layer> layers;  // a preset's own, once parsed
  Preset preset;              // empty once parsed: its layers say everything
  Init init;
  Statistics statistics = Statistics::running;
  bool operator==(const Model&) const = default;
};

enum class LossKind { cross_entropy, nll_probabilities, mse, mae, huber, bce, bce_logits };
enum class Reduction { mean, sum };
struct Loss {
  LossKind kind = LossKind::cross_entropy;
  bool normalize = false;
  double clip = 0.0;
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0.0;
  double l2 = 0.0;
  double delta = 1.0;  // huber
  bool operator==(const Loss&) const = default;
};

enum class MetricKind {
  loss,
  accuracy,
  top5,
  binary_accuracy,
  subset_accuracy,
  hamming,
  r2,
  rmse,
  mae,
  bits_per_character,
  auc,
  f1
};
struct Metric {
  std::vector<MetricKind> kinds{MetricKind::accuracy};  // the first one decides
  bool operator==(const Metric&) const = default;
};

enum class OptimizerKind { sgd, adam, adamw, nadamw, rmsprop };
struct Group {
  std::string match;  // a glob over parameter names: * and ?
  double lr = -1.0;   // negative: the optimizer's own
  double weight_decay = -1.0;
  bool operator==(const Group&) const = default;
};
struct Optimizer {
  OptimizerKind kind = OptimizerKind::adamw;
  double lr = 1e-3;
  double momentum = 0.0;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0.0;  // default 0.01 for adamw and nadamw
  double clip_norm = 0.0;
  std::vector<Group> groups;  // the first that matches counts
  bool operator==(const Optimizer&) const = default;
};

enum class ScheduleKind {
  constant,
  step,
  multistep,
  exponential,
  linear,
  cosine,
  cosine_restarts,
  one_cycle,
  inverse_sqrt,
  inverse_time,
  warmup_stable_decay,
  polynomial,
  plateau
};
struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  double warmup = 0.0;                   // steps, or below 1 a fraction of the planned run
  double final = 0.0;                    // share of lr at the end
  std::int64_t every = 1000;             // step
  double factor = 0.1;                   // step, multistep, plateau
  std::vector<std::int64_t> milestones;  // multistep
  double rate = 1e-3;                    // exponential, inverse_time
  std::int64_t period = 1000;            // cosine_restarts
  double growth = 1.0;                   // cosine_restarts
  double decay = 0.2;                    // warmup_stable_decay
  double power = 1.0;                    // polynomial
  std::int64_t patience = 10;            // plateau, in evaluations
  double threshold = 1e-4;               // plateau, relative improvement that counts
  double peak = 0.3;                     // one_cycle
  bool operator==(const Schedule&) const = default;
};

enum class StopRule { none, generalization_loss, progress_quotient, up_strips, evidence };
struct Stop {
  std::int64_t epochs = 10;  // 0: not used
  std::int64_t steps = 0;
  std::int64_t evaluate_every = 0;  // steps; 0: "epoch"
  double seconds = 0.0;
  double metric_target = 0.0;
  std::int64_t patience = 0;
  StopRule rule = StopRule::none;
  double alpha = 5.0;  // generalization_loss, progress_quotient
  std::int64_t strip = 5;
  std::int64_t strips = 3;  // up_strips
  bool restore_best = false;
  bool operator==(const Stop&) const = default;
};

struct Watch {
  double budget = 0.03;
  std::int64_t cadence = 0;
  std::vector<std::string> instruments{"auto"};  // "auto" | "all" | "none" | names
  bool operator==(const Watch&) const = default;
};

enum class ActMode { off, advise, autopilot };
struct Act {
  ActMode mode = ActMode::advise;
  bool operator==(const Act&) const = default;
};

struct Doctor {
  double budget = 3.0;
  std::vector<std::string> levers{"all"};
  std::string goal = "metric";  // metric | loss
  bool operator==(const Doctor&) const = default;
};

struct Checkpoint {
  std::int64_t every = 0;  // steps; 0: at the end of each epoch
  std::int64_t keep = 2;
  bool operator==(const Checkpoint&) const = default;
};

struct Recipe {
  std::string name = "run";  // default: the file's name
  std::uint64_t seed = 0;
  int threads = 0;  // 0: all cores
  Data data;
  Batch batch;
  Model model;
  Loss loss;
  Metric metric;
  Optimizer optimizer;
  Schedule schedule;
  Stop stop;
  Watch watch;
  Act act;
  Doctor doctor;
  Checkpoint checkpoint;
  std::string folder;  // where relative paths start; not written
  bool operator==(const Recipe&) const = default;
};

}  // namespace thalweg::recipe
