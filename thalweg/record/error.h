// The one family of errors. Each is thrown where the user's input is wrong, says what, where, which value, what is
// allowed and what to do, in one line, and knows the program's exit code.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

class Error : public std::runtime_error {
 public:
  Error(int exit_code, const std::string& message) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

class UsageError : public Error {  // a wrong command line or recipe: exit code 2
 public:
  explicit UsageError(const std::string& message) : Error(2, message) {}
};
class InputError : public Error {  // bad or corrupt data: exit code 3
 public:
  explicit InputError(const std::string& message) : Error(3, message) {}
};
class IoError : public Error {  // cannot read or write: exit code 4
 public:
  explicit IoError(const std::string& message) : Error(4, message) {}
};

// The candidate nearest to `word` by edit distance (transpositions count one), or "" when none is near: at most
// a third of the word's length, and at least one edit, are allowed.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// `text` as it may be shown on a terminal: control characters, and bytes that are not UTF-8, are written as \xNN; what
// is past `limit` bytes of it is cut, between characters.
std::string printable(std::string_view text, std::size_t limit = 80);

}  // namespace thalweg
