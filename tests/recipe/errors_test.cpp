// What is said of a recipe that is wrong: where, which key, which value, what is allowed, what was probably meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "recipe_text.h"

namespace thalweg::recipe {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(RecipeErrors, NameFileLineKeyValueAndWhatIsAllowed) {
  EXPECT_EQ(complaint_of("[optimizer]\nlr = -0.1\n"),
            "r.toml:7: optimizer.lr = -0.1: is too small; allowed: number > 0");
  EXPECT_EQ(
      complaint_of("[batch]\nsize = \"128\"\n"),
      "r.toml:7: batch.size = \"128\": is a text, not a whole number; allowed: whole number >= 0; did you mean '128'?");
  EXPECT_EQ(complaint_of("[batch]\nsize = 128.0\n"),
            "r.toml:7: batch.size = 128.0: is a number, not a whole number; allowed: whole number >= 0");
  EXPECT_EQ(complaint_of("[batch]\nshuffle = 1\n"),
            "r.toml:7: batch.shuffle = 1: is a whole number, not true or false; allowed: true | false");
}

TEST(RecipeErrors, NameTheNearestKey) {
  EXPECT_EQ(complaint_of("[batch]\n\nsizee = 3\n"),
            "r.toml:8: batch.sizee = 3: is an unknown key; allowed: size | shuffle | drop_last | accumulate; "
            "did you mean 'size'?");
  EXPECT_THAT(complaint_of("[optimiser]\nlr = 1.0\n"),
              AllOf(StartsWith("r.toml:6: optimiser = {…}: is an unknown key"), EndsWith("did you mean 'optimizer'?")));
  EXPECT_THAT(complaint("seeds = 3\n" + kData + kModel), EndsWith("did you mean 'seed'?"));
}

TEST(RecipeErrors, NameTheKeyOfAnotherSection) {
  EXPECT_THAT(complaint("lr = 0.1\n" + kData + kModel), EndsWith("did you mean 'optimizer.lr'?"));
  EXPECT_THAT(complaint_of("[optimizer]\nepochs = 3\n"), EndsWith("did you mean 'stop.epochs'?"));
}

TEST(RecipeErrors, NameTheNearestWord) {
  EXPECT_EQ(
      complaint_of("[act]\nmode = \"advice\"\n"),
      "r.toml:7: act.mode = \"advice\": is not one of them; allowed: off | advise | autopilot; did you mean 'advise'?");
  EXPECT_THAT(complaint_of("[optimizer]\nkind = \"AdamW\"\n"), EndsWith("did you mean 'adamw'?"));
  EXPECT_THAT(complaint_of("[loss]\nkind = \"Cross-Entropy\"\n"), EndsWith("did you mean 'cross_entropy'?"));
  EXPECT_THAT(complaint_of_layers("{ type = \"batchnorm\" }"), EndsWith("did you mean 'batch_norm'?"));
  EXPECT_THAT(complaint_of("[doctor]\nlevers = [\"lr\", \"momentun\"]\n"),
              AllOf(HasSubstr("entry 1, \"momentun\", is not one of them"), EndsWith("did you mean 'momentum'?")));
}

TEST(RecipeErrors, ComeAllAtOnceInTheOrderOfTheFile) {
  const std::string text = R"(seed = -1
[data]
format = "idx"
[stop]
epochs = "ten"
[model]
layers = [
  { type = "linear" },
  { type = "dropout", p = 2 },
  { type = "residual", layers = [
    { type = "conv", chanels = 3 },
  ] },
]
[optimizer]
lr = nan
betas = [0.9]
[batch]
sise = 3
)";
  EXPECT_EQ(complaint(text),
            R"(r.toml:1: seed = -1: is too small; allowed: whole number >= 0
r.toml:2: data.path: is missing and has no default; allowed: path
r.toml:5: stop.epochs = "ten": is a text, not a whole number; allowed: whole number >= 0
r.toml:8: model.layers.0.units: is missing and has no default; allowed: whole number >= 1 | "classes"
r.toml:9: model.layers.1.p = 2: is too large; allowed: number >= 0 and <= 1
r.toml:11: model.layers.2.layers.0.channels: is missing and has no default; allowed: whole number >= 1
r.toml:11: model.layers.2.layers.0.chanels = 3: is an unknown key; allowed: type | name | bias | channels | kernel | stride | padding | init | activation; did you mean 'channels'?
r.toml:15: optimizer.lr = nan: is not finite; allowed: number > 0
r.toml:16: optimizer.betas = […]: is not a pair; allowed: two numbers >= 0 and < 1
r.toml:18: batch.sise = 3: is an unknown key; allowed: size | shuffle | drop_last | accumulate; did you mean 'size'?)");
}

TEST(RecipeErrors, AreCutAfterAHundred) {
  std::string text = kData + kModel;
  for (int i = 0; i < 150; ++i) text += "zz" + std::to_string(i) + " = 1\n";
  const std::string said = complaint(text);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 100);
  EXPECT_THAT(said, EndsWith("\nand 50 more"));
}

TEST(RecipeErrors, AskForDataAndModel) {
  EXPECT_EQ(complaint("seed = 1\n"),
            "r.toml: data: is missing and has no default; allowed: table\n"
            "r.toml: model: is missing and has no default; allowed: table");
  EXPECT_THAT(complaint("data = 3\n" + kModel), StartsWith("r.toml:1: data = 3: is a whole number, not a table"));
}

TEST(RecipeErrors, SayWhichFormatAKeyIsFor) {
  EXPECT_THAT(
      complaint(kData + "header = true\n" + kModel),
      StartsWith("r.toml:4: data.header = true: does not belong to format \"idx\", but to csv; allowed: format"));
  EXPECT_THAT(complaint("[data]\nformat = \"csv\"\npath = \"t\"\ntarget_columns = [\"y\"]\ncontext = 3\n" + kModel),
              HasSubstr("data.context = 3: does not belong to format \"csv\", but to text"));
  EXPECT_THAT(
      complaint("[data]\nformat = \"synthetic\"\nkind = \"xor\"\npath = \"p\"\n" + kModel),
      HasSubstr("data.path = \"p\": does not belong to format \"synthetic\", but to idx, csv, npz, safetensors, text"));
}

TEST(RecipeErrors, SayWhichLayersAKeyIsFor) {
  EXPECT_EQ(complaint_of_layers("{ type = \"linear\", units = 3, kernel = 5 }"),
            "r.toml:6: model.layers.0.kernel = 5: does not belong to type \"linear\", but to conv, pool; allowed: type "
            "| name | "
            "units | bias | init | activation");
  EXPECT_THAT(complaint_of_layers("{ type = \"flatten\", layers = 2 }"), HasSubstr("but to rnn, gru, lstm, residual"));
}

TEST(RecipeErrors, DoNotJudgeTheRestOfALayerOfUnknownType) {
  const std::string said = complaint_of_layers("{ type = \"convolution\", channels = 3, kernel = -1, wat = 1 }");
  EXPECT_THAT(said, HasSubstr("model.layers.0.type = \"convolution\": is not one of them"));
  EXPECT_THAT(said, HasSubstr("model.layers.0.wat = 1: is an unknown key"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST(RecipeErrors, AskForWhatAFormatNeeds) {
  const auto of = [](const std::string& keys) { return complaint("[data]\nformat = " + keys + "\n" + kModel); };
  EXPECT_THAT(of("\"csv\"\npath = \"t\""), StartsWith("r.toml:1: data.target_columns: is missing"));
  EXPECT_THAT(of("\"csv\"\npath = \"t\"\ntarget_columns = []"), HasSubstr("data.target_columns = []: is empty"));
  EXPECT_THAT(of("\"npy\""), AllOf(HasSubstr("data.inputs: is missing"), HasSubstr("data.targets_path: is missing")));
  EXPECT_THAT(of("\"synthetic\""), HasSubstr("data.kind: is missing and has no default; allowed: blobs | spirals"));
  EXPECT_THAT(of("\"text\""), HasSubstr("data.path: is missing"));
  EXPECT_THAT(of("\"text\"\npath = \"\""), HasSubstr("data.path = \"\": is empty"));
  EXPECT_THAT(of("\"text\"\npath = \"a\\u0000b\""), HasSubstr("data.path = \"a\\x00b\": has control characters"));
}

TEST(RecipeErrors, JudgeSplitsAndScalings) {
  const auto of = [](const std::string& key) { return complaint(kData + key + "\n" + kModel); };
  EXPECT_THAT(of("test = 1.0"), HasSubstr("is too large; allowed: given | fraction >= 0 and < 1 | path"));
  EXPECT_THAT(of("validation = -0.1"), HasSubstr("is too small"));
  EXPECT_THAT(of("validation = \"given\""), HasSubstr("is for the test part alone"));
  EXPECT_THAT(of("test = true"), HasSubstr("is true or false, not a text"));
  EXPECT_THAT(of("input_scaling = 0"), HasSubstr("divides by zero"));
  EXPECT_THAT(of("input_scaling = inf"), HasSubstr("is not finite"));
  EXPECT_THAT(of("input_scaling = \"standardise\""), EndsWith("did you mean 'standardize'?"));
  EXPECT_THAT(of("input_scaling = \"same\""),
              HasSubstr("allowed: none | unit | standardize | minmax | row_l2 | a number"));
  EXPECT_THAT(of("target_scaling = \"row_l2\""), HasSubstr("allowed: none | standardize | minmax | a number"));
}

TEST(RecipeErrors, WantLayersOrAPreset) {
  EXPECT_EQ(complaint(kData + "[model]\n"),
            "r.toml:4: model.layers: is missing and has no default; allowed: a list of layers, or a preset instead");
  EXPECT_EQ(complaint(kData + "[model]\nlayers = []\n"),
            "r.toml:5: model.layers = []: is empty; allowed: one layer or more");
  EXPECT_EQ(complaint(kData + "[model]\npreset = \"lenet\"\nlayers = [{ type = \"flatten\" }]\n"),
            "r.toml:6: model.layers = […]: stands beside preset = \"lenet\"; allowed: layers or a preset, not both");
  EXPECT_THAT(complaint_of_layers("{ type = \"residual\", layers = [] }"), HasSubstr("layers.0.layers = []: is empty"));
  EXPECT_THAT(complaint_of_layers("3"), StartsWith("r.toml:6: model.layers.0 = 3: is a whole number, not a table"));
}

TEST(RecipeErrors, JudgePresetsAndTheirOptions) {
  const auto of = [](const std::string& keys) { return complaint(kData + "[model]\npreset = " + keys); };
  EXPECT_THAT(of("\"resnet\""),
              EndsWith("allowed: lenet | resnet20 | char_transformer | char_lstm; did you mean 'resnet20'?"));
  EXPECT_THAT(of("\"lenet\"\nwidth = 3"), HasSubstr("does not belong to preset \"lenet\", but to char_transformer"));
  EXPECT_THAT(of("\"lenet\"\nlayers = 3"), HasSubstr("stands beside preset"));
  EXPECT_THAT(
      of("\"char_transformer\"\nwidth = 30\nheads = 4"),
      HasSubstr("model.heads = 4: leaves 4 heads a width of 30 to share; allowed: a width that the heads divide"));
  EXPECT_THAT(of("\"char_transformer\"\nwidth = 30"), HasSubstr("model.width = 30: leaves 4 heads a width of 30"));
  EXPECT_THAT(of("\"char_transformer\"\nlayers = 0"), HasSubstr("is too small; allowed: whole number >= 1"));
  EXPECT_THAT(of("\"char_transformer\"\nlayers = 100000000"), HasSubstr("is too large"));
  EXPECT_THAT(of("\"char_lstm\"\nunits = 1.5"), HasSubstr("is a number, not a whole number"));
  EXPECT_THAT(of("\"char_transformer\"\ndropout = 1.0"), HasSubstr("is too large"));
}

TEST(RecipeErrors, SayNotYetOfWhatComesLater) {
  for (const char* later :
       {"adagrad", "lion", "schedule_free_adamw", "muon", "soap", "saddle_free_newton", "gauss_newton"}) {
    EXPECT_THAT(complaint_of("[optimizer]\nkind = \"" + std::string(later) + "\"\n"),
                HasSubstr("is not yet available; allowed: sgd | adam | adamw | nadamw | rmsprop"));
  }
}

TEST(RecipeErrors, JudgeWhatTheOptimizersKeysSayTogether) {
  EXPECT_THAT(complaint_of("[optimizer]\nkind = \"sgd\"\nnesterov = true\n"),
              HasSubstr("optimizer.nesterov = true: looks ahead along a momentum of 0"));
  EXPECT_EQ(complaint_of("[optimizer]\nkind = \"sgd\"\nnesterov = true\nmomentum = 0.9\n"), "");
  EXPECT_THAT(complaint_of("[optimizer]\ngroups = [{ match = \"*\" }]\n"),
              HasSubstr("groups.0 = {…}: changes nothing"));
  EXPECT_THAT(complaint_of("[optimizer]\ngroups = [{ lr = 1.0 }]\n"),
              HasSubstr("optimizer.groups.0.match: is missing"));
  EXPECT_THAT(complaint_of("[optimizer]\ngroups = [{ match = \"a\", lr = 1 }, { match = \"a\", lr = 2 }]\n"),
              HasSubstr("groups.1.match = \"a\": stands twice"));
  EXPECT_THAT(complaint_of("[optimizer]\ngroups = [{ match = \"a\", lr = -1 }]\n"),
              HasSubstr("groups.0.lr = -1: is too small"));
  EXPECT_THAT(complaint_of("[optimizer]\nbetas = [0.9, 1.0]\n"), HasSubstr("entry 1, 1.0, is too large"));
}

TEST(RecipeErrors, JudgeTheSchedule) {
  EXPECT_THAT(complaint_of("[schedule]\nwarmup = 1.5\n"),
              HasSubstr("is neither a number of steps nor a fraction; allowed: whole number of steps, or a fraction"));
  EXPECT_THAT(complaint_of("[schedule]\nmilestones = [10, 10]\n"), HasSubstr("does not rise"));
  EXPECT_THAT(complaint_of("[schedule]\nkind = \"multistep\"\n"), HasSubstr("schedule.milestones: is missing"));
  EXPECT_THAT(complaint_of("[schedule]\nkind = \"multistep\"\nmilestones = []\n"), HasSubstr("is empty"));
}

TEST(RecipeErrors, JudgeWhatStopsTheRun) {
  EXPECT_THAT(complaint_of("[stop]\nepochs = 0\n"), HasSubstr("leaves nothing that stops the run"));
  EXPECT_EQ(complaint_of("[stop]\nepochs = 0\nmetric_target = 0.9\n"), "");
  EXPECT_THAT(complaint_of("[stop]\nevaluate_every = \"step\"\n"), HasSubstr("allowed: \"epoch\" | whole number >= 1"));
  EXPECT_THAT(complaint_of("[stop]\nevaluate_every = 0\n"), HasSubstr("is too small"));
}

TEST(RecipeErrors, WantOneWayToSayTheMetric) {
  EXPECT_EQ(complaint_of("[metric]\nkind = \"f1\"\nkinds = [\"auc\"]\n"),
            "r.toml:8: metric.kinds = […]: stands beside kind; allowed: kind or kinds, not both");
  EXPECT_THAT(complaint_of("[metric]\nkind = \"acuracy\"\n"),
              AllOf(HasSubstr("allowed: loss | accuracy"), EndsWith("did you mean 'accuracy'?")));
  EXPECT_THAT(complaint_of("[metric]\nkinds = []\n"), HasSubstr("is empty"));
}

TEST(RecipeErrors, WantNamesThatCanBeUsed) {
  for (const char* name : {"a/b", ".", "..", "", "a\\nb"}) {
    EXPECT_THAT(complaint("name = \"" + std::string(name) + "\"\n" + kData + kModel), StartsWith("r.toml:1: name = "))
        << name;
  }
  EXPECT_THAT(complaint_of_layers("{ type = \"flatten\", name = \"a.b\" }"), HasSubstr("names of weights need"));
}

TEST(RecipeErrors, WantOneFunctionOfAnActivationLayer) {
  EXPECT_THAT(complaint_of_layers("{ type = \"activation\" }"), HasSubstr("model.layers.0.kind: is missing"));
  EXPECT_THAT(complaint_of_layers("{ type = \"activation\", kind = \"tanh\", activation = \"relu\" }"),
              HasSubstr("stands beside kind"));
  EXPECT_EQ(complaint_of_layers("{ type = \"activation\", activation = \"relu\" }"), "");
}

TEST(RecipeErrors, TellWhereTheTextIsNotToml) {
  EXPECT_THAT(complaint("seed = 1\nseed = 2\n"), StartsWith("r.toml:2: is not TOML: "));
  EXPECT_THAT(complaint("a = \n"), StartsWith("r.toml:1: is not TOML: "));
  EXPECT_THAT(complaint("a = \"\xff\"\n"), StartsWith("r.toml:1: is not TOML: "));
}

TEST(RecipeErrors, AreIoErrorsForFilesThatCannotBeRead) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "thalweg_recipe_io";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "fashion.toml") << "";
  const auto said = [](const std::filesystem::path& file) -> std::string {
    try {
      parse_file(file);
    } catch (const IoError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(said(folder / "fashon.toml"), EndsWith("fashon.toml: does not exist; did you mean 'fashion.toml'?"));
  EXPECT_THAT(said(folder), EndsWith("is a folder, not a recipe"));
  EXPECT_THAT(said(folder / "no" / "such.toml"), EndsWith("does not exist"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace thalweg::recipe
