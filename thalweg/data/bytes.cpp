#include "thalweg/data/bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "thalweg/data/inflate.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

class Descriptor {
 public:
  // Non-blocking, so that a pipe is refused instead of waited for.
  explicit Descriptor(const std::filesystem::path& file)
      : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), file_(shown(file)) {
    if (fd_ < 0) fail("cannot open");
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  std::size_t size() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail("cannot read");
    if (S_ISDIR(status.st_mode)) throw IoError(fmt::format("{}: is a folder; name the file inside it", file_));
    if (!S_ISREG(status.st_mode)) throw IoError(fmt::format("{}: is not a regular file (a pipe or device)", file_));
    return static_cast<std::size_t>(status.st_size);
  }
  int get() const { return fd_; }
  [[noreturn]] void fail(const char* what) const {
    throw IoError(fmt::format("{}: {}: {}", file_, what, std::strerror(errno)));
  }

 private:
  int fd_;
  std::string file_;
};

}  // namespace

std::string shown(const std::filesystem::path& file) { return printable(file.string(), 512); }

Buffer make_buffer(std::size_t size) {
  std::shared_ptr<char[]> memory = std::make_shared_for_overwrite<char[]>(size);
  char* data = memory.get();
  return {{{data, size}, std::move(memory), false}, data};
}

Bytes map_file(const std::filesystem::path& file) {
  const Descriptor descriptor(file);
  const std::size_t size = descriptor.size();
  if (size == 0) return {};
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (data == MAP_FAILED) descriptor.fail("cannot map");
  std::shared_ptr<const void> owner(data, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
  return {{static_cast<const char*>(data), size}, std::move(owner), true};
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Bytes read_file(const std::filesystem::path& file, std::size_t limit) {
  Bytes packed = map_file(file);
  const auto check = [&](std::size_t size) {
    if (size <= limit) return;
    throw InputError(
        fmt::format("{}: holds more than data.memory = {} MiB; raise data.memory, or save it as npy, which is "
                    "mapped instead of loaded",
                    shown(file), limit >> 20U));
  };
  if (!is_gzip(packed.view)) {
    check(packed.view.size());
    return packed;
  }
  auto text = std::make_shared<std::string>();
  Inflater inflater(packed.view, Inflater::Kind::gzip, shown(file));
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  for (std::size_t got = kPiece; got == kPiece;) {
    const std::size_t before = text->size();
    text->resize(before + kPiece);
    got = inflater.read(text->data() + before, kPiece);
    text->resize(before + got);
    check(text->size());
  }
  return {*text, text, false};
}

}  // namespace thalweg
