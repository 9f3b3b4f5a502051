#include "tests/cli/program.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "test_paths.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// In the child: becomes the program.
[[noreturn]] void become(const Call& call) {
  for (const char* name : {"NO_COLOR", "COLUMNS"}) unsetenv(name);
  for (const auto& [name, value] : call.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : call.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  if (!call.folder.empty() && chdir(call.folder.c_str()) != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
}

void redirect(int descriptor, const fs::path& file) {
  const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(125);
}

int exit_code(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) < 0) fail("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Said run(const Call& call) {
  const TemporaryFolder folder;
  const fs::path out = call.to.empty() ? folder.path() / "out" : fs::path(call.to), err = folder.path() / "err";
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    redirect(STDIN_FILENO, "/dev/null");
    redirect(STDOUT_FILENO, out);
    redirect(STDERR_FILENO, err);
    become(call);
  }
  const int code = exit_code(child);
  return {.code = code, .out = call.to.empty() ? read_file(out) : "", .err = read_file(err)};
}

Said run_on_terminal(const Call& call) {
  winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) fail("forkpty");
  if (child == 0) {
    setenv("TERM", "xterm", 1);
    become(call);
  }
  Said said;
  char buffer[4096];
  // A terminal whose program has ended says EIO.
  for (ssize_t n; (n = read(terminal, buffer, sizeof buffer)) > 0;)
    said.out.append(buffer, static_cast<std::size_t>(n));
  close(terminal);
  said.code = exit_code(child);
  return said;
}

std::string thalweg_path() { return std::string(test_paths::kPrograms) + "/thalweg"; }

Said thalweg(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), thalweg_path());
  return run({.command = std::move(arguments), .environment = {}, .folder = {}, .to = {}});
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "thalweg-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) fail("mkdtemp");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void write_file(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

}  // namespace thalweg::cli
