#include "cli/file_hasher.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/file.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t head_bytes_max = 4096;  // enough to tell the format
constexpr std::size_t piece_bytes = 1u << 20;

std::span<const std::uint8_t> bytes_of(std::span<const char> text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Reads until the span is full or the file ends.
Result<std::size_t> read_full(int fd, std::span<char> bytes, const std::atomic<bool>& stop) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    if (stop.load(std::memory_order_relaxed)) return Error{Code::cancelled, "stopped on request"};
    const std::span<char> rest = bytes.subspan(filled);
    const std::size_t got = TRY(read_some(fd, rest.first(std::min(rest.size(), piece_bytes))));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

}  // namespace

FileHasher::FileHasher(const FileHasherOptions& options, const std::atomic<bool>& stop)
    : options_(options), stop_(stop) {}

Status FileHasher::start() {
  if (!images_) images_ = TRY(ImageHasher::start(options_.sandbox));
  return {};
}

FileHash FileHasher::hash(const OpenFile& file) {
  FileHash out;
  buffer_.resize(piece_bytes);
  const auto head_bytes = read_full(file.fd.get(), std::span(buffer_).first(head_bytes_max), stop_);
  if (!head_bytes) {
    out.error = head_bytes.error();
    return out;
  }
  const std::span<const char> head = std::span(buffer_).first(*head_bytes);
  const bool is_image = image_format(bytes_of(head)) != ImageFormat::unknown;
  if (options_.digests_only) {
    hash_stream(file, *head_bytes, out);
  } else if (is_image && file.bytes <= options_.sandbox.limits.bytes_max) {
    hash_image(file, *head_bytes, out);
  } else {
    hash_stream(file, *head_bytes, out);
    if (out.error) return out;
    if (is_image) {
      out.error =
          Error{Code::too_large, "an image of more than " + std::to_string(options_.sandbox.limits.bytes_max >> 20) +
                                     " MiB: digests only"};
    } else if (out.bytes == 0) {
      out.error = Error{Code::unsupported, "empty"};
    } else {
      out.error = Error{Code::unsupported, "no image of a known format (JPEG, PNG)"};
    }
  }
  return out;
}

void FileHasher::hash_image(const OpenFile& file, std::size_t head_bytes, FileHash& out) {
  const auto read_and_hash = [&]() -> Status {
    TRY(start());
    const std::size_t size = std::max<std::size_t>(file.bytes, head_bytes);
    const std::span<std::uint8_t> room = TRY(images_->buffer(size));
    std::memcpy(room.data(), buffer_.data(), head_bytes);
    const std::span<char> rest(reinterpret_cast<char*>(room.data()) + head_bytes, size - head_bytes);
    out.bytes = head_bytes + TRY(read_full(file.fd.get(), rest, stop_));
    const std::size_t beyond = TRY(read_full(file.fd.get(), std::span(buffer_).first(1), stop_));
    if (out.bytes != size || beyond != 0) return Error{Code::unavailable, "changed while it was read"};
    // The worker decodes these bytes while this thread digests them.
    const Status submitted = images_->submit(size);
    digester_.update(room);
    out.digests = digester_.finish();
    TRY(submitted);
    out.image = TRY(images_->wait());
    return {};
  };
  if (Status status = read_and_hash(); !status) out.error = std::move(status).error();
}

void FileHasher::hash_stream(const OpenFile& file, std::size_t head_bytes, FileHash& out) {
  std::size_t filled = head_bytes;
  while (filled > 0) {
    digester_.update(bytes_of(std::span(buffer_).first(filled)));
    out.bytes += filled;
    const auto got = read_full(file.fd.get(), buffer_, stop_);
    if (!got) {
      digester_.finish();
      out.error = got.error();
      return;
    }
    filled = *got;
  }
  out.digests = digester_.finish();
}

}  // namespace fristad
