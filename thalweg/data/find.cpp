#include "thalweg/data/find.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <string_view>
#include <system_error>

#include "thalweg/data/bytes.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

// The name in `folder` that was probably meant, with its folder, or "".
std::string nearest_in(const fs::path& folder, const std::string& name) {
  constexpr std::size_t kEnough = 10000;
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end && names.size() < kEnough;
       it.increment(ignored)) {
    names.push_back(it->path().filename().string());
  }
  const std::string found = nearest(name, {names.begin(), names.end()});
  return found.empty() ? "" : shown(folder / found);
}

}  // namespace

std::vector<fs::path> data_folders(const fs::path& recipe_folder) {
  std::vector<fs::path> folders = {recipe_folder.empty() ? fs::path(".") : recipe_folder};
  if (const char* given = std::getenv("THALWEG_DATA")) {
    for (std::string_view rest = given; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(':'));
      if (!one.empty()) folders.emplace_back(one);
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
  }
  folders.emplace_back("/usr/share/datasets");
  folders.emplace_back("/usr/local/share/datasets");
  return folders;
}

fs::path find_data(const std::string& path, const fs::path& recipe_folder, const std::string& key) {
  if (path.empty()) throw UsageError(fmt::format("{} is empty; name a file or a folder", key));
  std::vector<std::string> looked;
  std::string near;
  const std::vector<fs::path> folders =
      fs::path(path).is_absolute() ? std::vector<fs::path>{"/"} : data_folders(recipe_folder);
  for (const fs::path& folder : folders) {
    fs::path candidate = folder / path;
    std::error_code ignored;
    if (fs::exists(candidate, ignored)) return candidate;
    looked.push_back(shown(candidate));
    fs::path parent = candidate.has_filename() ? candidate.parent_path() : candidate.parent_path().parent_path();
    if (near.empty()) near = nearest_in(parent, fs::path(path).filename().string());
  }
  throw IoError(fmt::format("{} = \"{}\": no such file or folder; looked for {}{}", key, printable(path),
                            fmt::join(looked, ", "),
                            near.empty() ? std::string("; put it there, or set THALWEG_DATA to its folder")
                                         : fmt::format("; did you mean {}?", near)));
}

}  // namespace thalweg
