// Layers that do not fit their input, and values that no layer has: each a UsageError that names the layer, what it was
// given and what would fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "networks.h"
#include "thalweg/record/error.h"

namespace thalweg::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const NetworkShape kVector{.input = {10}}, kSequence{.input = {7, 4}}, kImage{.input = {3, 8, 6}},
    kText{.input = {5}, .tokens = true, .vocabulary = 20};

std::string error_of(std::vector<Layer> layers, const NetworkShape& shape) {
  try {
    build(std::move(layers), shape);
  } catch (const UsageError& error) {
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  return "";
}

Sizes output_of(std::vector<Layer> layers, const NetworkShape& shape) {
  const auto network = build(std::move(layers), shape);
  Sizes sizes{3};
  sizes.insert(sizes.end(), shape.input.begin(), shape.input.end());
  const at::Tensor y = network->forward(shape.tokens ? at::zeros(sizes, at::kLong) : at::ones(sizes));
  const Sizes said = network->summary().back().output;
  EXPECT_EQ(y.sizes().slice(1).vec(), said);  // the inferred shape is the shape
  return said;
}

TEST(Shape, IsInferredLayerByLayer) {
  const auto layer = [](LayerType type) { return Layer{.type = type, .units = 5}; };
  EXPECT_EQ(output_of({layer(LayerType::linear)}, kVector), (Sizes{5}));
  EXPECT_EQ(output_of({layer(LayerType::linear)}, kSequence), (Sizes{7, 5}));
  EXPECT_EQ(output_of({layer(LayerType::linear)}, kImage), (Sizes{5}));
  EXPECT_EQ(output_of({{.type = LayerType::flatten}}, kSequence), (Sizes{28}));
  EXPECT_EQ(output_of({{.type = LayerType::conv, .channels = 2, .kernel = 4, .stride = 3, .padding = 2}}, kImage),
            (Sizes{2, 3, 3}));
  EXPECT_EQ(output_of({{.type = LayerType::pool, .kernel = 3, .stride = 2}}, kImage), (Sizes{3, 3, 2}));
  EXPECT_EQ(output_of({{.type = LayerType::pool, .kernel = 3, .stride = 0}}, kImage), (Sizes{3, 2, 2}));
  EXPECT_EQ(output_of({{.type = LayerType::pool, .kernel = 0, .stride = 0}}, kImage), (Sizes{3, 1, 1}));
  for (const LayerType type : {LayerType::rnn, LayerType::gru, LayerType::lstm}) {
    EXPECT_EQ(output_of({layer(type)}, kSequence), (Sizes{5}));
    EXPECT_EQ(output_of({{.type = type, .units = 5, .output = recipe::Return::all}}, kImage), (Sizes{8, 5}));
  }
  EXPECT_EQ(output_of({{.type = LayerType::transformer, .heads = 2}}, kSequence), (Sizes{7, 4}));
  EXPECT_EQ(output_of({{.type = LayerType::attention, .heads = 3}}, kImage), (Sizes{8, 18}));
  EXPECT_EQ(output_of({layer(LayerType::embedding)}, kText), (Sizes{5, 5}));
  EXPECT_EQ(output_of({{.type = LayerType::one_hot}}, kText), (Sizes{5, 20}));
  for (const LayerType type :
       {LayerType::dropout, LayerType::batch_norm, LayerType::layer_norm, LayerType::activation}) {
    EXPECT_EQ(output_of({layer(type)}, kImage), kImage.input);
  }
}

TEST(Shape, UnitsFromTheClasses) {
  NetworkShape shape = kVector;
  shape.outputs = 26;
  EXPECT_EQ(output_of({{.units = recipe::kUnitsFromClasses}}, shape), (Sizes{26}));
  EXPECT_THAT(error_of({{.name = "out", .units = recipe::kUnitsFromClasses}}, kVector),
              AllOf(HasSubstr("'out'"), HasSubstr("classes")));
}

TEST(Shape, LayersOfImagesWantImages) {
  for (const LayerType type : {LayerType::conv, LayerType::pool}) {
    EXPECT_THAT(error_of({{.units = 9}, {.type = type, .name = "picture", .channels = 2}}, kVector),
                AllOf(HasSubstr("layer 'picture'"), HasSubstr("[9]"), HasSubstr("[channels, height, width]"),
                      HasSubstr("before flatten")));
  }
}

TEST(Shape, RecurrentLayersWantSequences) {
  for (const LayerType type :
       {LayerType::rnn, LayerType::gru, LayerType::lstm, LayerType::attention, LayerType::transformer}) {
    EXPECT_THAT(error_of({{.type = type, .units = 3}}, kVector),
                AllOf(HasSubstr("[10]"), HasSubstr("[time, features]")));
  }
  EXPECT_THAT(error_of({{.type = LayerType::lstm, .units = 3}, {.type = LayerType::lstm, .units = 3}}, kSequence),
              AllOf(HasSubstr("layer 'lstm2'"), HasSubstr("return = \"all\"")));
}

TEST(Shape, CharactersWantAnEmbedding) {
  EXPECT_THAT(error_of({{.units = 3}}, kText),
              AllOf(HasSubstr("layer 'linear1'"), HasSubstr("[5]"), HasSubstr("embedding or one_hot")));
  EXPECT_THAT(error_of({{.type = LayerType::residual, .inner = {{.units = 3}}}}, kText),
              HasSubstr("embedding or one_hot"));
  EXPECT_THAT(error_of({{.type = LayerType::embedding, .units = 3}}, kVector),
              AllOf(HasSubstr("'embedding1'"), HasSubstr("[10]")));
  EXPECT_THAT(error_of({{.type = LayerType::one_hot}, {.type = LayerType::one_hot}}, kText), HasSubstr("'one_hot2'"));
}

TEST(Shape, KernelsFitTheirImage) {
  EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = 2, .kernel = 9}}, kImage),
              AllOf(HasSubstr("kernel = 9"), HasSubstr("[3, 8, 6]"), HasSubstr("at most 6")));
  EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = 2, .kernel = 9, .padding = 1}}, kImage),
              AllOf(HasSubstr("padding 1"), HasSubstr("at most 8")));
  EXPECT_THAT(error_of({{.type = LayerType::pool, .kernel = 7}}, kImage), HasSubstr("at most 6"));
  EXPECT_THAT(error_of({{.type = LayerType::pool, .kernel = 2, .stride = 2}}, {.input = {3, 1, 1}}),
              HasSubstr("at most 1"));
}

TEST(Shape, HeadsDivideTheFeatures) {
  for (const LayerType type : {LayerType::attention, LayerType::transformer}) {
    EXPECT_THAT(error_of({{.type = type, .heads = 3}}, kSequence),
                AllOf(HasSubstr("[7, 4]"), HasSubstr("4 features"), HasSubstr("3 heads")));
  }
}

TEST(Shape, AxesExist) {
  for (const std::int64_t axis : {4, -5}) {
    EXPECT_THAT(error_of({{.type = LayerType::batch_norm, .axis = axis}}, kImage),
                AllOf(HasSubstr("[3, 8, 6]"), HasSubstr("axes 0 (rows) to 3")));
  }
}

TEST(Shape, ShortcutsReachTheirLayersOutput) {
  const auto residual = [](std::vector<Layer> inner) {
    return Layer{.type = LayerType::residual, .inner = std::move(inner)};
  };
  const auto conv = [](std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    return Layer{.type = LayerType::conv, .channels = 5, .kernel = kernel, .stride = stride, .padding = padding};
  };
  EXPECT_EQ(output_of({residual({conv(3, 1, 1)})}, kImage), (Sizes{5, 8, 6}));
  EXPECT_EQ(output_of({residual({conv(3, 2, 1)})}, kImage), (Sizes{5, 4, 3}));
  EXPECT_EQ(output_of({residual({conv(3, 3, 1)})}, kImage), (Sizes{5, 3, 2}));
  EXPECT_EQ(output_of({residual({conv(3, 1, 0)})}, {.input = {3, 3, 3}}), (Sizes{5, 1, 1}));
  EXPECT_EQ(output_of({residual({{.units = 9}})}, kSequence), (Sizes{7, 9}));
  EXPECT_THAT(error_of({residual({conv(2, 1, 0)})}, kImage),
              AllOf(HasSubstr("layer 'residual1'"), HasSubstr("[3, 8, 6]"), HasSubstr("[5, 7, 5]")));
  EXPECT_THAT(error_of({residual({conv(3, 1, 4)})}, kImage), HasSubstr("[5, 14, 12]"));
  EXPECT_THAT(error_of({residual({{.units = 9}})}, kImage), HasSubstr("[9]"));
  EXPECT_THAT(error_of({residual({{.type = LayerType::lstm, .units = 4}})}, kSequence), HasSubstr("[4]"));
  EXPECT_THAT(error_of({residual({})}, kImage), HasSubstr("no layers"));
}

TEST(Shape, ValuesThatNoLayerHas) {
  for (const std::int64_t units : {std::int64_t{0}, std::int64_t{-2}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_THAT(error_of({{.name = "fc", .units = units}}, kVector),
                AllOf(HasSubstr("layer 'fc'"), HasSubstr("units = " + std::to_string(units))));
    EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = units}}, kImage), HasSubstr("channels"));
    EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = 1, .kernel = units}}, kImage), HasSubstr("kernel"));
    EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = 1, .stride = units}}, kImage), HasSubstr("stride"));
    EXPECT_THAT(error_of({{.type = LayerType::gru, .units = 2, .layers = units}}, kSequence), HasSubstr("layers"));
    EXPECT_THAT(error_of({{.type = LayerType::attention, .heads = units}}, kSequence), HasSubstr("heads"));
  }
  EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = 1, .padding = -1}}, kImage), HasSubstr("padding"));
  for (const double p : {-0.1, 1.5, std::nan("")}) {
    EXPECT_THAT(error_of({{.type = LayerType::dropout, .p = p}}, kVector), HasSubstr("0 to 1"));
  }
}

TEST(Shape, NetworksThatFitNoMemory) {
  const std::int64_t large = 1 << 30;
  EXPECT_THAT(error_of({{.units = large}}, kVector), AllOf(HasSubstr("layer 'linear1'"), HasSubstr("parameters")));
  EXPECT_THAT(error_of({{.type = LayerType::lstm, .units = 100, .layers = large}}, kSequence), HasSubstr("parameters"));
  EXPECT_THAT(error_of({{.type = LayerType::conv, .channels = 1, .kernel = 3, .padding = large}, {.units = 1}}, kImage),
              HasSubstr("numbers a row"));
}

TEST(Shape, NamesAreUniqueAndSpeakable) {
  EXPECT_THAT(error_of({{.name = "a", .units = 2}, {.name = "a", .units = 2}}, kVector), HasSubstr("'a'"));
  EXPECT_THAT(error_of({{.name = "linear2", .units = 2}, {.units = 2}}, kVector), HasSubstr("'linear2'"));
  EXPECT_THAT(error_of({{.name = "a.b\n", .units = 2}}, kVector),
              AllOf(HasSubstr("a.b\\x0a"), HasSubstr("letters, digits")));
}

TEST(Shape, ANetworkHasLayersAndAnInput) {
  EXPECT_THAT(error_of({}, kVector), HasSubstr("model.layers is empty"));
  EXPECT_THAT(error_of({{.units = 2}}, {.input = {}}), HasSubstr("no axis"));
  EXPECT_THAT(error_of({{.units = 2}}, {.input = {3, 0}}), HasSubstr("[3, 0]"));
}

}  // namespace
}  // namespace thalweg::testing
