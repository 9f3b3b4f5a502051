// The terminal: what it can show, and the lines on stderr while a command works. Data goes to stdout, everything here
// to stderr.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "thalweg/report/look.h"

namespace thalweg::cli {

// How to draw on stdout or stderr: colour only on a terminal and without NO_COLOR (no-color.org); width from the
// terminal, else COLUMNS, else 80, kept within 40 and 160.
report::Look stdout_look();
report::Look stderr_look();

void print(std::string_view text);  // to stdout, as it is; IoError when it cannot be written
void finish_stdout();               // flushes; IoError when it cannot be written (a full disk behind a pipe)

// A line on stderr that replaces itself, between lines that stay. On a terminal it moves several times a second;
// elsewhere (a log) it becomes a line of its own every ten seconds. Quiet: only warnings appear.
class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool due() const;  // whether show() would print now; ask before making the line
  int width() const { return width_; }
  void show(std::string_view line);  // the moving line
  void note(std::string_view line);  // a line that stays; not when quiet
  void warn(std::string_view line);  // "thalweg: warning: …", always
  void clear();                      // removes the moving line

 private:
  bool quiet_;
  bool terminal_;
  bool shown_ = false;
  int width_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace thalweg::cli
