#include "thalweg/train/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "thalweg/record/error.h"
#include "thalweg/train/position_json.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

void sync_path(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!good) throw IoError(fmt::format("{}: cannot sync to disk: {}", path.string(), std::strerror(error)));
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text << std::flush;
  if (!stream) throw IoError(fmt::format("{}: cannot write: {}", file.string(), std::strerror(errno)));
  stream.close();
  sync_path(file);
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream && !stream.eof()) throw IoError(fmt::format("{}: cannot read: {}", file.string(), std::strerror(errno)));
  return text;
}

// Bit for bit: NaN equals NaN.
bool same_bits(const NamedTensors& a, const NamedTensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    if (x.first != y.first || x.second.sizes() != y.second.sizes() || x.second.dtype() != y.second.dtype())
      return false;
    const at::Tensor p = x.second.detach().cpu().contiguous(), q = y.second.contiguous();
    return std::memcmp(p.const_data_ptr(), q.const_data_ptr(), p.nbytes()) == 0;
  });
}

Checkpoints::Loaded read(const fs::path& folder) {
  return {position_from_json(read_text(folder / "state.json"), (folder / "state.json").string()),
          read_safetensors(folder / "model.safetensors").tensors,
          read_safetensors(folder / "optimizer.safetensors").tensors};
}

void write_beside(const fs::path& beside, const Position& position, const NamedTensors& model,
                  const NamedTensors& optimizer) {
  fs::create_directories(beside.parent_path());
  fs::remove_all(beside);
  fs::create_directory(beside);
  write_safetensors(beside / "model.safetensors", model);
  write_safetensors(beside / "optimizer.safetensors", optimizer);
  write_text(beside / "state.json", to_json(position));
  sync_path(beside);
  const Checkpoints::Loaded back = read(beside);
  if (!same_bits(model, back.model) || !same_bits(optimizer, back.optimizer)) {
    throw IoError(fmt::format("{}: what was read back differs from what was written", beside.string()));
  }
}

// `name` becomes a link to `target` in one step.
void point(const fs::path& name, const std::string& target) {
  const fs::path beside = name.string() + ".new";
  fs::remove(beside);
  fs::create_symlink(target, beside);
  fs::rename(beside, name);
}

std::vector<std::int64_t> steps_in(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_symlink() && !name.empty() && name.size() < 19 && std::all_of(name.begin(), name.end(), ::isdigit)) {
      steps.push_back(std::stoll(name));
    }
  }
  std::sort(steps.rbegin(), steps.rend());  // newest first
  return steps;
}

std::string target_of(const fs::path& link) {
  std::error_code none;
  return fs::read_symlink(link, none).string();
}

}  // namespace

Checkpoints::Checkpoints(fs::path run_folder, std::int64_t keep)
    : folder_(std::move(run_folder) / "checkpoint"), keep_(std::max<std::int64_t>(1, keep)) {}

void Checkpoints::write(const Position& position, const NamedTensors& model, const NamedTensors& optimizer, bool best) {
  const std::string name = std::to_string(position.step);
  const fs::path beside = folder_ / (name + ".new"), place = folder_ / name;
  try {
    write_beside(beside, position, model, optimizer);
    fs::remove_all(place);  // one of the same step, which a resumed run passed over as damaged
    fs::rename(beside, place);
    sync_path(folder_);
    point(folder_ / "last", name);
    if (best) name_best(position.step);
    prune(position.step);
  } catch (const std::exception& error) {
    std::error_code ignored;
    fs::remove_all(beside, ignored);  // on a full disk, what was half written is in the way of everything else
    throw IoError(
        fmt::format("checkpoint of step {} not written, the one before is kept: {}", position.step, error.what()));
  }
}

void Checkpoints::name_best(std::int64_t step) { point(folder_ / "best", std::to_string(step)); }

void Checkpoints::prune(std::int64_t newest) const {
  const std::string best = target_of(folder_ / "best");
  std::int64_t kept = 0;
  for (const std::int64_t step : steps_in(folder_)) {
    // One that lies ahead belongs to a future that a resumed run gave up.
    const bool keep = std::to_string(step) == best || (step <= newest && kept++ < keep_);
    if (!keep) fs::remove_all(folder_ / std::to_string(step));
  }
}

std::optional<Checkpoints::Loaded> Checkpoints::load(const std::string& name, std::string* warning) const {
  std::string target = fs::is_symlink(folder_ / name) ? target_of(folder_ / name) : name;
  std::vector<std::string> candidates{target};
  const auto steps = steps_in(folder_);
  if (steps.empty()) return std::nullopt;
  for (const std::int64_t step : steps) {
    if (std::to_string(step) != target) candidates.push_back(std::to_string(step));
  }
  std::string first_error;
  for (const std::string& candidate : candidates) {
    if (!fs::exists(folder_ / candidate)) continue;
    try {
      Loaded loaded = read(folder_ / candidate);
      if (!first_error.empty() && warning != nullptr) {
        *warning = fmt::format("{}; going on from step {} instead", first_error, candidate);
      }
      return loaded;
    } catch (const std::exception& error) {
      if (first_error.empty()) first_error = error.what();
    }
  }
  throw InputError(fmt::format("{}: no checkpoint can be read: {}", folder_.string(), first_error));
}

NamedTensors model_tensors(const Network& network) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : network.parameters()) tensors.emplace_back(name, tensor.detach());
  for (const auto& [name, tensor] : network.buffers()) tensors.emplace_back(name, tensor.detach());
  return tensors;
}

void load_model(Network& network, const NamedTensors& tensors, const std::string& where) {
  const torch::NoGradGuard no_grad;
  const NamedTensors own = model_tensors(network);
  for (const auto& [name, tensor] : own) {
    const auto found =
        std::find_if(tensors.begin(), tensors.end(), [&, &n = name](const auto& t) { return t.first == n; });
    if (found == tensors.end()) {
      std::vector<std::string_view> names;
      for (const auto& t : tensors) names.push_back(t.first);
      const std::string near = nearest(name, names);
      throw InputError(fmt::format("{}: no tensor '{}'{}", where, name,
                                   near.empty() ? "" : fmt::format("; it has '{}'", printable(near))));
    }
    if (found->second.sizes() != tensor.sizes()) {
      std::ostringstream message;
      message << where << ": '" << name << "' has shape " << found->second.sizes() << ", the network needs "
              << tensor.sizes();
      throw InputError(message.str());
    }
    at::Tensor target = tensor;
    target.copy_(found->second);
  }
}

}  // namespace thalweg
