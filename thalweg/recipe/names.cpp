#include "thalweg/recipe/names.h"

#include <array>

namespace thalweg::recipe {
namespace {

template <class E, std::size_t n>
constexpr std::array<Name<E>, n> table(const Name<E> (&entries)[n]) {
  return std::to_array(entries);
}

constexpr auto kFormats = table<Format>({{Format::idx, "idx"},
                                         {Format::csv, "csv"},
                                         {Format::npz, "npz"},
                                         {Format::npy, "npy"},
                                         {Format::safetensors, "safetensors"},
                                         {Format::text, "text"},
                                         {Format::synthetic, "synthetic"}});
constexpr auto kTargetKinds = table<TargetKind>({{TargetKind::infer, "infer"},
                                                 {TargetKind::classes, "class"},
                                                 {TargetKind::real, "real"},
                                                 {TargetKind::multilabel, "multilabel"},
                                                 {TargetKind::onehot, "onehot"},
                                                 {TargetKind::sequence, "sequence"}});
constexpr auto kScalings = table<Scaling>({{Scaling::none, "none"},
                                           {Scaling::unit, "unit"},
                                           {Scaling::standardize, "standardize"},
                                           {Scaling::minmax, "minmax"},
                                           {Scaling::row_l2, "row_l2"},
                                           {Scaling::divide, "divide"},
                                           {Scaling::same, "same"}});
constexpr auto kInitKinds = table<InitKind>({{InitKind::standard, "default"},
                                             {InitKind::glorot_uniform, "glorot_uniform"},
                                             {InitKind::glorot_normal, "glorot_normal"},
                                             {InitKind::he_uniform, "he_uniform"},
                                             {InitKind::he_normal, "he_normal"},
                                             {InitKind::lecun_normal, "lecun_normal"},
                                             {InitKind::orthogonal, "orthogonal"},
                                             {InitKind::lsuv, "lsuv"},
                                             {InitKind::normal, "normal"},
                                             {InitKind::uniform, "uniform"},
                                             {InitKind::zeros, "zeros"},
                                             {InitKind::constant, "constant"},
                                             {InitKind::identity, "identity"}});
constexpr auto kBiasInits = table<BiasInit>({{BiasInit::standard, "default"},
                                             {BiasInit::zeros, "zeros"},
                                             {BiasInit::same, "same"},
                                             {BiasInit::constant, "constant"}});
constexpr auto kLayerTypes = table<LayerType>({{LayerType::linear, "linear"},
                                               {LayerType::conv, "conv"},
                                               {LayerType::pool, "pool"},
                                               {LayerType::flatten, "flatten"},
                                               {LayerType::dropout, "dropout"},
                                               {LayerType::batch_norm, "batch_norm"},
                                               {LayerType::layer_norm, "layer_norm"},
                                               {LayerType::group_norm, "group_norm"},
                                               {LayerType::embedding, "embedding"},
                                               {LayerType::one_hot, "one_hot"},
                                               {LayerType::rnn, "rnn"},
                                               {LayerType::gru, "gru"},
                                               {LayerType::lstm, "lstm"},
                                               {LayerType::attention, "attention"},
                                               {LayerType::transformer, "transformer"},
                                               {LayerType::residual, "residual"},
                                               {LayerType::activation, "activation"}});
constexpr auto kActivations = table<Activation>({{Activation::none, "none"},
                                                 {Activation::relu, "relu"},
                                                 {Activation::tanh, "tanh"},
                                                 {Activation::sigmoid, "sigmoid"},
                                                 {Activation::softmax, "softmax"},
                                                 {Activation::gelu, "gelu"},
                                                 {Activation::elu, "elu"},
                                                 {Activation::selu, "selu"},
                                                 {Activation::leaky_relu, "leaky_relu"},
                                                 {Activation::silu, "silu"}});
constexpr auto kPoolKinds = table<PoolKind>({{PoolKind::max, "max"}, {PoolKind::average, "average"}});
constexpr auto kPositions = table<Positions>(
    {{Positions::none, "none"}, {Positions::learned, "learned"}, {Positions::sinusoidal, "sinusoidal"}});
constexpr auto kStatistics = table<Statistics>({{Statistics::running, "running"}, {Statistics::precise, "precise"}});
constexpr auto kReturns = table<Return>({{Return::last, "last"}, {Return::all, "all"}});
constexpr auto kLossKinds = table<LossKind>({{LossKind::cross_entropy, "cross_entropy"},
                                             {LossKind::nll_probabilities, "nll_probabilities"},
                                             {LossKind::mse, "mse"},
                                             {LossKind::mae, "mae"},
                                             {LossKind::huber, "huber"},
                                             {LossKind::bce, "bce"},
                                             {LossKind::bce_logits, "bce_logits"}});
constexpr auto kReductions = table<Reduction>({{Reduction::mean, "mean"}, {Reduction::sum, "sum"}});
constexpr auto kMetricKinds = table<MetricKind>({{MetricKind::loss, "loss"},
                                                 {MetricKind::accuracy, "accuracy"},
                                                 {MetricKind::top5, "top5"},
                                                 {MetricKind::binary_accuracy, "binary_accuracy"},
                                                 {MetricKind::subset_accuracy, "subset_accuracy"},
                                                 {MetricKind::hamming, "hamming"},
                                                 {MetricKind::r2, "r2"},
                                                 {MetricKind::rmse, "rmse"},
                                                 {MetricKind::mae, "mae"},
                                                 {MetricKind::bits_per_character, "bits_per_character"},
                                                 {MetricKind::auc, "auc"},
                                                 {MetricKind::f1, "f1"}});
constexpr auto kOptimizerKinds = table<OptimizerKind>({{OptimizerKind::sgd, "sgd"},
                                                       {OptimizerKind::adam, "adam"},
                                                       {OptimizerKind::adamw, "adamw"},
                                                       {OptimizerKind::nadamw, "nadamw"},
                                                       {OptimizerKind::rmsprop, "rmsprop"}});
constexpr auto kScheduleKinds = table<ScheduleKind>({{ScheduleKind::constant, "constant"},
                                                     {ScheduleKind::step, "step"},
                                                     {ScheduleKind::multistep, "multistep"},
                                                     {ScheduleKind::exponential, "exponential"},
                                                     {ScheduleKind::linear, "linear"},
                                                     {ScheduleKind::cosine, "cosine"},
                                                     {ScheduleKind::cosine_restarts, "cosine_restarts"},
                                                     {ScheduleKind::one_cycle, "one_cycle"},
                                                     {ScheduleKind::inverse_sqrt, "inverse_sqrt"},
                                                     {ScheduleKind::inverse_time, "inverse_time"},
                                                     {ScheduleKind::warmup_stable_decay, "warmup_stable_decay"},
                                                     {ScheduleKind::polynomial, "polynomial"},
                                                     {ScheduleKind::plateau, "plateau"}});
constexpr auto kStopRules = table<StopRule>({{StopRule::none, "none"},
                                             {StopRule::generalization_loss, "generalization_loss"},
                                             {StopRule::progress_quotient, "progress_quotient"},
                                             {StopRule::up_strips, "up_strips"},
                                             {StopRule::evidence, "evidence"}});
constexpr auto kActModes =
    table<ActMode>({{ActMode::off, "off"}, {ActMode::advise, "advise"}, {ActMode::autopilot, "autopilot"}});

}  // namespace

template <>
std::span<const Name<Format>> names() {
  return kFormats;
}
template <>
std::span<const Name<TargetKind>> names() {
  return kTargetKinds;
}
template <>
std::span<const Name<Scaling>> names() {
  return kScalings;
}
template <>
std::span<const Name<InitKind>> names() {
  return kInitKinds;
}
template <>
std::span<const Name<BiasInit>> names() {
  return kBiasInits;
}
template <>
std::span<const Name<LayerType>> names() {
  return kLayerTypes;
}
template <>
std::span<const Name<Activation>> names() {
  return kActivations;
}
template <>
std::span<const Name<PoolKind>> names() {
  return kPoolKinds;
}
template <>
std::span<const Name<Positions>> names() {
  return kPositions;
}
template <>
std::span<const Name<Statistics>> names() {
  return kStatistics;
}
template <>
std::span<const Name<Return>> names() {
  return kReturns;
}
template <>
std::span<const Name<LossKind>> names() {
  return kLossKinds;
}
template <>
std::span<const Name<Reduction>> names() {
  return kReductions;
}
template <>
std::span<const Name<MetricKind>> names() {
  return kMetricKinds;
}
template <>
std::span<const Name<OptimizerKind>> names() {
  return kOptimizerKinds;
}
template <>
std::span<const Name<ScheduleKind>> names() {
  return kScheduleKinds;
}
template <>
std::span<const Name<StopRule>> names() {
  return kStopRules;
}
template <>
std::span<const Name<ActMode>> names() {
  return kActModes;
}

}  // namespace thalweg::recipe
