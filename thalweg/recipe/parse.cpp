#include "thalweg/recipe/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "thalweg/recipe/overrides.h"
#include "thalweg/recipe/sections.h"
#include "thalweg/recipe/toml_reader.h"
#include "thalweg/record/error.h"

namespace thalweg::recipe {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 4U << 20U;

// `targets` of npy may name the file: it is understood as targets_path.
void move_npy_targets(Node& root) {
  Node* data = root.find("data");
  if (!data || !data->table() || data->has("targets_path")) return;
  const Node* format = data->find("format");
  for (Node::Entry& entry : std::get<Node::Table>(data->value)) {
    const std::string* file = entry.node.text();
    if (format && format->text() && *format->text() == "npy" && entry.key == "targets" && file &&
        file->ends_with(".npy")) {
      entry.key = "targets_path";
    }
  }
}

// Without "." and "..", and as it is where there is no working folder any more.
std::string absolute_path(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::absolute(path.empty() ? "." : path, error);
  const fs::path normal = (error ? path : result).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).string();
}

// A relative path that exists in the recipe's folder becomes absolute, so that the resolved recipe may be moved.
void settle(std::string& path, const fs::path& folder) {
  std::error_code ignored;
  if (path.empty() || fs::path(path).is_absolute() || !fs::exists(folder / path, ignored)) return;
  path = absolute_path(folder / path);
}

void settle_paths(Data& data, const fs::path& folder) {
  settle(data.path, folder);
  settle(data.inputs, folder);
  settle(data.targets_path, folder);
  for (Split* split : {&data.test, &data.validation}) {
    if (std::string* path = std::get_if<std::string>(split)) settle(*path, folder);
  }
}

[[noreturn]] void refuse_file(const fs::path& file) {
  const std::string shown = printable(file.string(), 200);
  std::error_code error;
  if (fs::is_directory(file, error)) throw IoError(shown + ": is a folder, not a recipe");
  if (fs::exists(file, error)) throw IoError(shown + ": cannot be read; is it yours to read?");
  std::vector<std::string> names;
  fs::directory_iterator entry(absolute_path(file.parent_path()), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".toml") names.push_back(entry->path().filename().string());
  }
  const std::string near = nearest(file.filename().string(), {names.begin(), names.end()});
  throw IoError(shown + ": does not exist" +
                (near.empty() ? "" : fmt::format("; did you mean '{}'?", printable(near))));
}

std::string read_file(const fs::path& file) {
  std::error_code ignored;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || fs::is_directory(file, ignored)) refuse_file(file);
  std::string text(kLargestFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad()) refuse_file(file);
  return text;
}

std::string stem_of(std::string_view file_name) {
  const std::string stem = fs::path(file_name).stem().string();
  return is_text(stem) && !stem.empty() && stem[0] != '.' && stem.size() <= 200 ? stem : "run";
}

// "For conv, pool: …" where a key belongs to some kinds only. A key that means one thing here and another there is one
// entry.
std::vector<Described> described() {
  std::vector<Described> all;
  recipe_section().describe("", all);
  std::vector<Described> result;
  for (Described& key : all) {
    if (!key.owners.empty()) key.meaning = fmt::format("For {}: {}", joined(key.owners), key.meaning);
    const auto same = std::ranges::find(result, key.key, &Described::key);
    if (same == result.end()) {
      result.push_back(std::move(key));
      continue;
    }
    if (same->type != key.type) same->type += "; " + key.type;
    if (same->standard != key.standard) same->standard += "; " + key.standard;
    same->meaning += ' ' + key.meaning;
  }
  return result;
}

}  // namespace

Recipe parse_text(std::string_view text, std::string_view file_name, const fs::path& folder,
                  const std::vector<std::string>& overrides) {
  if (text.size() > kLargestFile) {
    throw UsageError(fmt::format("{}: is larger than {} MiB, the most a recipe may have", printable(file_name),
                                 kLargestFile >> 20U));
  }
  Node root;
  if (const auto error = read_toml(text, root)) {
    throw UsageError(fmt::format("{}:{}: is not TOML: {}", printable(file_name), error->line, error->what));
  }
  root.line = 0;
  Problems problems(file_name);
  for (const std::string& assignment : overrides) apply_override(assignment, root, problems);
  move_npy_targets(root);
  Recipe recipe;
  recipe.name = stem_of(file_name);
  recipe_section().read(root, recipe, {&problems, ""});
  problems.raise();
  recipe.folder = absolute_path(folder);
  settle_paths(recipe.data, recipe.folder);
  return recipe;
}

Recipe parse_file(const fs::path& file, const std::vector<std::string>& overrides) {
  return parse_text(read_file(file), file.string(), absolute_path(file.parent_path()), overrides);
}

std::string to_toml(const Recipe& recipe) { return recipe_section().lines(recipe, ""); }

std::vector<std::string> idle_keys(const Recipe& recipe) {
  std::vector<std::string> result;
  recipe_section().idle(recipe, "", result);
  return result;
}

std::span<const KeyInfo> keys() {
  static const std::vector<Described> texts = described();
  static const std::vector<KeyInfo> all = [] {
    std::vector<KeyInfo> infos;
    for (const Described& key : texts) infos.push_back({key.key, key.type, key.standard, key.meaning});
    return infos;
  }();
  return all;
}

}  // namespace thalweg::recipe
