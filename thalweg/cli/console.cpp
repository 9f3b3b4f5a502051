#include "thalweg/cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "thalweg/record/error.h"
#include "thalweg/report/text.h"

namespace thalweg::cli {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// A terminal that can move its cursor and show colours.
bool is_terminal(int descriptor) { return isatty(descriptor) == 1 && environment("TERM") != "dumb"; }

int terminal_width(int descriptor) {
  constexpr int kUsual = 80, kNarrowest = 40, kWidest = 160;
  winsize size{};
  int width = 0;
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  if (width == 0) width = std::atoi(std::string(environment("COLUMNS")).c_str());
  return width <= 0 ? kUsual : std::clamp(width, kNarrowest, kWidest);
}

report::Look look_of(int descriptor) {
  return {.width = terminal_width(descriptor), .colour = is_terminal(descriptor) && environment("NO_COLOR").empty()};
}

void to_stderr(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

report::Look stdout_look() { return look_of(STDOUT_FILENO); }
report::Look stderr_look() { return look_of(STDERR_FILENO); }

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw IoError(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
  }
}

void finish_stdout() {
  if (std::fflush(stdout) != 0) throw IoError(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
}

Progress::Progress(bool quiet)
    : quiet_(quiet), terminal_(is_terminal(STDERR_FILENO)), width_(terminal_width(STDERR_FILENO)) {}

Progress::~Progress() { clear(); }

bool Progress::due() const {
  using namespace std::chrono_literals;
  if (quiet_) return false;
  return std::chrono::steady_clock::now() - last_ >= (terminal_ ? 100ms : 10'000ms);
}

void Progress::show(std::string_view line) {
  if (quiet_) return;
  last_ = std::chrono::steady_clock::now();
  // One column is left free: a full line makes some terminals wrap.
  to_stderr(terminal_ ? "\r" + report::cut(line, width_ - 1) + "\x1b[K" : std::string(line) + "\n");
  shown_ = terminal_;
}

void Progress::note(std::string_view line) {
  if (quiet_) return;
  clear();
  to_stderr(std::string(line) + "\n");
}

void Progress::warn(std::string_view line) {
  clear();
  to_stderr(fmt::format("thalweg: warning: {}\n", line));
}

void Progress::clear() {
  if (shown_) to_stderr("\r\x1b[K");
  shown_ = false;
}

}  // namespace thalweg::cli
