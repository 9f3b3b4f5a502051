#include "tests/train/small_runs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <stdexcept>

namespace thalweg::small_runs {
namespace fs = std::filesystem;
namespace {

void put_big_endian(std::ofstream& file, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) file.put(static_cast<char>(value >> static_cast<unsigned>(shift)));
}

// 80 images of noise with a bright corner that tells the class, as idx files.
void write_images(const fs::path& folder) {
  constexpr std::uint32_t kRows = 80;
  std::ofstream images(folder / "train-images-idx3-ubyte", std::ios::binary),
      labels(folder / "train-labels-idx1-ubyte", std::ios::binary);
  put_big_endian(images, 0x803);
  for (const std::uint32_t n : {kRows, 28U, 28U}) put_big_endian(images, n);
  put_big_endian(labels, 0x801);
  put_big_endian(labels, kRows);
  std::mt19937 random(3);
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const std::uint32_t label = i % 4;
    labels.put(static_cast<char>(label));
    for (std::uint32_t p = 0; p < 28 * 28; ++p) {
      const bool corner = (p / 28 < 14) == (label < 2) && (p % 28 < 14) == (label % 2 == 0);
      images.put(static_cast<char>(random() % 128 + (corner ? 100 : 0)));
    }
  }
}

void write_text(const fs::path& file) {
  std::ofstream text(file);
  std::mt19937 random(4);
  const char* words[] = {"valley ", "floor ", "line ", "of ", "steepest ", "descent.\n"};
  for (int i = 0; i < 160; ++i) text << words[random() % 6];
}

}  // namespace

Folder::Folder() {
  std::string pattern = (fs::temp_directory_path() / "thalweg-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path = pattern;
}
Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

std::vector<Network> networks() {
  const std::string adamw = "kind = \"adamw\"\nlr = 1e-3\n";
  return {
      {"dropout_mlp", "synthetic",
       R"(layers = [{type="linear", units=16, activation="relu"}, {type="dropout", p=0.3}, {type="linear", units="classes"}])",
       adamw},
      {"tanh_mlp", "synthetic",
       R"(layers = [{type="linear", units=12, activation="tanh"}, {type="linear", units="classes"}])",
       "kind = \"sgd\"\nlr = 0.1\nmomentum = 0.9\nnesterov = true\n"},
      {"batch_norm_conv", "images",
       R"(layers = [{type="conv", channels=4, kernel=3, padding=1}, {type="batch_norm", activation="relu"}, {type="pool"},
          {type="dropout", p=0.2}, {type="linear", units="classes"}])",
       "kind = \"rmsprop\"\nlr = 1e-3\nmomentum = 0.5\n"},
      {"pooled_conv", "images",
       R"(layers = [{type="conv", channels=4, kernel=3, padding=1, activation="relu"}, {type="pool"}, {type="linear", units="classes"}])",
       "kind = \"adam\"\nlr = 1e-3\nclip_norm = 0.5\n"},
      {"lenet", "images", "preset = \"lenet\"", adamw},
      {"resnet20", "images", "preset = \"resnet20\"",
       "kind = \"sgd\"\nlr = 0.05\nmomentum = 0.9\nweight_decay = 1e-4\n"},
      {"char_transformer", "text", "preset = \"char_transformer\"\nwidth = 16\nheads = 2\nlayers = 2\ndropout = 0.1\n",
       "kind = \"nadamw\"\nlr = 1e-3\n"},
      {"char_lstm", "text", "preset = \"char_lstm\"\nunits = 12\nlayers = 2\n", adamw},
  };
}

Network network(const std::string& name) {
  for (const Network& n : networks()) {
    if (n.name == name) return n;
  }
  throw std::invalid_argument(name);
}

std::string recipe(const Network& network, const fs::path& folder) {
  std::string data =
      "format = \"synthetic\"\nkind = \"blobs\"\nsamples = 80\nfeatures = 6\nclasses = 3\nnoise = 1.0\ntest = "
      "0.0\nvalidation = 0.0\n";
  if (network.data == "images") {
    write_images(folder);
    data = fmt::format("format = \"idx\"\npath = \"{}\"\nvalidation = 0.0\n", folder.string());
  }
  if (network.data == "text") {
    write_text(folder / "text.txt");
    data = fmt::format(
        "format = \"text\"\npath = \"{}\"\ncontext = 12\nstride = 10\ntest = 0.0\nvalidation = 0.0\nlimit = 80\n",
        (folder / "text.txt").string());
  }
  return fmt::format(
      "name = \"small\"\nseed = 3\nthreads = 1\n[data]\n{}[batch]\nsize = "
      "16\n[model]\n{}\n[optimizer]\n{}[stop]\nsteps = {}\n",
      data, network.model, network.optimizer, kSteps);
}

namespace {
TrainingOutcome run(const recipe::Recipe& recipe, TrainingOptions options, std::vector<std::string>* notes) {
  options.events.note = [&](const std::string& text) {
    if (notes != nullptr) notes->push_back(text);
  };
  return thalweg::train(recipe, options);
}
}  // namespace

TrainingOutcome train(const std::string& text, const fs::path& out, const std::vector<std::string>& set,
                      std::vector<std::string>* notes) {
  return run(recipe::parse_text(text, "small.toml", out.parent_path(), set), {.out = out}, notes);
}

TrainingOutcome resume(const fs::path& folder, const std::vector<std::string>& set, std::vector<std::string>* notes) {
  return run(recipe_of_run(folder, set), {.out = folder, .resume = true}, notes);
}

std::string file_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file.string());
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace thalweg::small_runs
