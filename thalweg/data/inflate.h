// Deflate streams, unpacked piece by piece, so that a header is read and judged before its data is given memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

class Inflater {
 public:
  enum class Kind { gzip, raw };  // a .gz file (of one or several members); a member of a zip file
  // `name` stands in front of errors. InputErrors: not deflate, cut short, wrong checksum, bytes after the end.
  Inflater(std::string_view packed, Kind kind, std::string name);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Up to `size` bytes; fewer only where the stream ends.
  std::size_t read(char* out, std::size_t size);
  // Exactly `size` bytes, or an InputError that the stream is cut short.
  void read_exactly(char* out, std::size_t size);
  // An InputError where anything follows.
  void expect_end();

  // No deflate stream unpacks to more than this many bytes for each of its own: what claims more is a bomb.
  static constexpr std::size_t kLargestRatio = 1032;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
