#include "thalweg/cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "thalweg/cli/command_table.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/suggest.h"
#include "thalweg/record/error.h"
#include "thalweg/record/version.h"
#include "thalweg/report/text.h"

namespace thalweg::cli {
namespace {

std::string overview() {
  const report::Look look = stdout_look();
  std::string text = report::painted("thalweg", report::Paint::bold, look) +
                     ": measures the landscape a network is trained on, and says what holds the run back\n\n"
                     "usage: thalweg COMMAND …\n\n";
  for (const Command& command : commands()) {
    text += fmt::format("  {}  {}\n", report::painted(report::padded(command.name, 8), report::Paint::bold, look),
                        command.summary);
  }
  return text +
         "\n'thalweg COMMAND --help' tells more of each, with an example. 'thalweg --version' prints the version.\n"
         "Exit codes: 0 done, 1 findings (--fail-on), 2 usage or recipe, 3 bad input, 4 input or output, 70 "
         "internal.\n";
}

[[noreturn]] void unknown(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Command& command : commands()) names.push_back(command.name);
  throw UsageError(fmt::format("there is no command '{}'{}", printable(word),
                               suggestion(word, names, "'thalweg --help' lists them")));
}

// Becomes the other program, which lies beside this one.
[[noreturn]] void hand_on(const Command& command, std::vector<char*> arguments) {
  const char* other = command.torch ? "thalweg-torch" : "thalweg";
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path program = self.parent_path() / other;
  if (program == self) throw std::logic_error(fmt::format("{} has no command '{}'", other, command.name));
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  throw IoError(fmt::format("cannot start {}, which holds the command '{}': {}; './dev build' builds it",
                            program.string(), command.name, std::strerror(errno)));
}

int run_named(std::vector<char*> arguments, std::span<const Handler> handlers) {
  const std::string_view name = arguments[1];
  const Command* command = command_named(name);
  if (command == nullptr) unknown(name);
  const auto handler =
      std::find_if(handlers.begin(), handlers.end(), [&](const Handler& h) { return h.command == name; });
  if (handler == handlers.end()) hand_on(*command, std::move(arguments));
  const int argc = static_cast<int>(arguments.size()) - 1;
  arguments.push_back(nullptr);
  return handler->run(argc, arguments.data() + 1);
}

int run_arguments(std::vector<char*> arguments, std::span<const Handler> handlers) {
  const std::string_view first = arguments.size() > 1 ? arguments[1] : "--help";
  const bool help = first == "help";
  if (first == "--help" || first == "-h" || (help && arguments.size() == 2)) {
    print(overview());
    return kDone;
  }
  if (first == "--version" || first == "-V") {
    print(fmt::format("thalweg {}\n", kVersion));
    return kDone;
  }
  if (!help) return run_named(std::move(arguments), handlers);
  std::string flag = "--help";
  return run_named({arguments[0], arguments[2], flag.data()}, handlers);
}

// What a foreign exception says, without the stack that some append.
std::string first_line(const char* what) {
  const std::string_view text = what;
  return report::safe_text(text.substr(0, text.find('\n')));
}

int fail(int code, const std::string& message) {
  const std::string line = fmt::format("thalweg: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), stderr);
  return code;
}

}  // namespace

int run_command(const std::function<int()>& command) {
  try {
    const int code = command();
    finish_stdout();
    return code;
  } catch (const Error& error) {
    return fail(error.exit_code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(kInternal, "out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(kIo, first_line(error.what()));
  } catch (const std::exception& error) {
    return fail(kInternal, fmt::format("internal error: {}", first_line(error.what())));
  } catch (...) {
    return fail(kInternal, "internal error of an unknown kind");
  }
}

int run_program(int argc, char** argv, std::span<const Handler> handlers) {
  return run_command([&] { return run_arguments({argv, argv + argc}, handlers); });
}

}  // namespace thalweg::cli
