#include "thalweg/cli/find_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <system_error>

#include "thalweg/cli/suggest.h"
#include "thalweg/record/error.h"
#include "thalweg/report/text.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

bool is_run(const fs::path& folder) {
  std::error_code none;
  return fs::is_regular_file(store_of(folder), none);
}

// Digits in a row compare as one number.
bool natural_less(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  while (!a.empty() && !b.empty()) {
    if (digit(a.front()) && digit(b.front())) {
      const auto take = [&](std::string_view& text) {
        text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
        const std::size_t end = std::find_if_not(text.begin(), text.end(), digit) - text.begin();
        const std::string_view number = text.substr(0, end);
        text.remove_prefix(end);
        return number;
      };
      const std::string_view x = take(a), y = take(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

std::vector<std::string> runs_in(const fs::path& folder) {
  std::vector<std::string> runs;
  std::error_code error;
  for (fs::directory_iterator entry(folder.empty() ? fs::path(".") : folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_run(entry->path())) runs.push_back((folder / entry->path().filename()).string());
  }
  std::sort(runs.begin(), runs.end(), natural_less);
  return runs;
}

// A few of the runs beside it.
std::string some_of(const std::vector<std::string>& runs) {
  if (runs.empty()) return "'thalweg train' writes one";
  constexpr std::size_t kShown = 5;
  std::string list = runs.size() == 1 ? "there is " : "there are ";
  for (std::size_t i = 0; i < std::min(runs.size(), kShown); ++i)
    list += (i > 0 ? ", " : "") + report::safe_text(runs[i]);
  return list + (runs.size() > kShown ? ", …" : "");
}

[[noreturn]] void no_run(const std::string& name) {
  const std::vector<std::string> runs = runs_in(fs::path(name).parent_path());
  const std::string advice = suggestion(name, {runs.begin(), runs.end()}, some_of(runs));
  std::error_code error;
  if (!fs::exists(name, error)) throw IoError(fmt::format("there is no run '{}'{}", printable(name, 200), advice));
  throw InputError(fmt::format("'{}' is no run: it has no run.sqlite{}", printable(name, 200), advice));
}

// "runs/a/" → "runs/a", so that names of the same run look the same.
std::string tidy(const std::string& name) {
  const std::size_t end = name.find_last_not_of('/');
  return end == std::string::npos ? name : name.substr(0, end + 1);
}

}  // namespace

fs::path store_of(const fs::path& run) { return run / "run.sqlite"; }

std::string find_run(const std::string& name) {
  if (!is_run(name)) no_run(name);
  return tidy(name);
}

std::vector<std::string> find_runs(const std::vector<std::string>& names) {
  std::vector<std::string> found;
  std::set<fs::path> seen;
  for (const std::string& name : names) {
    std::vector<std::string> runs = is_run(name) ? std::vector{tidy(name)} : runs_in(tidy(name));
    if (runs.empty()) no_run(name);
    for (std::string& run : runs) {
      if (seen.insert(fs::canonical(run)).second) found.push_back(std::move(run));
    }
  }
  return found;
}

}  // namespace thalweg::cli
