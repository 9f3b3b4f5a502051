#include "thalweg/data/inflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "thalweg/record/error.h"

namespace thalweg {

struct Inflater::State {
  z_stream stream{};
  std::string_view rest;  // what zlib was not yet given
  Kind kind = Kind::gzip;
  std::string name;
  bool ended = false;

  [[noreturn]] void fail(const std::string& what) const { throw InputError(fmt::format("{}: {}", name, what)); }

  void refill() {
    if (stream.avail_in > 0 || rest.empty()) return;
    const std::size_t piece = std::min<std::size_t>(rest.size(), std::numeric_limits<uInt>::max());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(piece);
    rest.remove_prefix(piece);
  }

  // Called at the end of a stream. A .gz file may go on with another member.
  void finish_member() {
    refill();
    if (stream.avail_in == 0) {
      ended = true;
    } else if (kind == Kind::gzip && *stream.next_in == 0x1f) {
      inflateReset(&stream);
    } else {
      fail("bytes follow the end of the compressed data; the file is damaged or two files were joined");
    }
  }
};

Inflater::Inflater(std::string_view packed, Kind kind, std::string name) : state_(std::make_unique<State>()) {
  state_->rest = packed;
  state_->kind = kind;
  state_->name = std::move(name);
  constexpr int kGzipOnly = 16;
  if (inflateInit2(&state_->stream, kind == Kind::gzip ? MAX_WBITS + kGzipOnly : -MAX_WBITS) != Z_OK) {
    throw std::bad_alloc();
  }
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

std::size_t Inflater::read(char* out, std::size_t size) {
  State& s = *state_;
  std::size_t done = 0;
  while (done < size && !s.ended) {
    s.refill();
    const std::size_t piece = std::min<std::size_t>(size - done, std::numeric_limits<uInt>::max());
    s.stream.next_out = reinterpret_cast<Bytef*>(out + done);
    s.stream.avail_out = static_cast<uInt>(piece);
    const int code = inflate(&s.stream, Z_NO_FLUSH);
    done += piece - s.stream.avail_out;
    if (code == Z_STREAM_END) {
      s.finish_member();
    } else if (code == Z_BUF_ERROR) {  // room for output, and no input left
      s.fail("the compressed data is cut short; get the file again");
    } else if (code != Z_OK) {
      s.fail(fmt::format("the compressed data is damaged ({})", s.stream.msg != nullptr ? s.stream.msg : "zlib"));
    }
  }
  return done;
}

void Inflater::read_exactly(char* out, std::size_t size) {
  const std::size_t got = read(out, size);
  if (got < size) state_->fail(fmt::format("ends after {} of {} bytes; it is cut short", got, size));
}

void Inflater::expect_end() {
  char extra = 0;
  if (read(&extra, 1) > 0) state_->fail("has more data than its header says");
}

}  // namespace thalweg
