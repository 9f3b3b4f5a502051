#include "thalweg/train/run_folder.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cstring>
#include <ctime>
#include <fstream>

#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;

void refuse_taken(const fs::path& folder) {
  if (!fs::exists(folder / "run.sqlite") && !fs::exists(folder / "recipe.toml")) return;
  throw UsageError(
      fmt::format("{0} holds a run already; go on with it by --resume {0}, or give another --out", folder.string()));
}

void create_run_folder(const fs::path& folder, const std::string& recipe) {
  refuse_taken(folder);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(fmt::format("{}: cannot make the run folder: {}", folder.string(), error.message()));
  const fs::path beside = folder / "recipe.toml.new";
  std::ofstream stream(beside, std::ios::binary);
  stream << recipe << std::flush;
  if (!stream) throw IoError(fmt::format("{}: cannot write: {}", beside.string(), std::strerror(errno)));
  stream.close();
  fs::rename(beside, folder / "recipe.toml");
}

recipe::Recipe recipe_of_run(const fs::path& folder, const std::vector<std::string>& overrides) {
  const fs::path file = folder / "recipe.toml";
  if (!fs::exists(file))
    throw UsageError(fmt::format("{}: no run to go on with: it has no recipe.toml", folder.string()));
  return recipe::parse_file(file, overrides);
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string random_to_hex(const at::Tensor& state) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto* bytes = static_cast<const std::uint8_t*>(state.const_data_ptr());
  std::string text;
  for (std::int64_t i = 0; i < state.numel(); ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 15U];
  }
  return text;
}

at::Tensor random_from_hex(const std::string& text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw InputError("state.json: random is not hexadecimal");
  };
  if (text.size() % 2 != 0) throw InputError("state.json: random has an odd number of digits");
  const at::Tensor state = torch::empty({static_cast<std::int64_t>(text.size() / 2)}, torch::kByte);
  auto* bytes = state.mutable_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes[i / 2] = static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return state;
}

}  // namespace thalweg
