// The words of a recipe: each enumeration's values as they are written in TOML, and everywhere a person reads them.
#pragma once

#include <span>
#include <string_view>

#include "thalweg/recipe/recipe.h"

namespace thalweg::recipe {

template <class E>
struct Name {
  E value;
  std::string_view name;
};

// In the order in which they are listed for a person.
template <class E>
std::span<const Name<E>> names();

template <>
std::span<const Name<Format>> names();
template <>
std::span<const Name<TargetKind>> names();
template <>
std::span<const Name<Scaling>> names();
template <>
std::span<const Name<InitKind>> names();
template <>
std::span<const Name<BiasInit>> names();
template <>
std::span<const Name<LayerType>> names();
template <>
std::span<const Name<Activation>> names();
template <>
std::span<const Name<PoolKind>> names();
template <>
std::span<const Name<Positions>> names();
template <>
std::span<const Name<Return>> names();
template <>
std::span<const Name<Statistics>> names();
template <>
std::span<const Name<LossKind>> names();
template <>
std::span<const Name<Reduction>> names();
template <>
std::span<const Name<MetricKind>> names();
template <>
std::span<const Name<OptimizerKind>> names();
template <>
std::span<const Name<ScheduleKind>> names();
template <>
std::span<const Name<StopRule>> names();
template <>
std::span<const Name<ActMode>> names();

// name(LayerType::batch_norm) is "batch_norm".
template <class E>
std::string_view name(E value) {
  for (const Name<E>& entry : names<E>()) {
    if (entry.value == value) return entry.name;
  }
  return "?";
}

}  // namespace thalweg::recipe
