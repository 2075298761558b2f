// Writing results that are larger than the caches. An ordinary store first reads the line it will overwrite; a streamed
// (non-temporal) one does not, which is worth a third of a copy's traffic, but only in whole lines: a single ordinary
// store in between holds up all that follow it until its line has come. So LineStream takes pieces of any length, one
// behind the other, and lets nothing but whole lines out. From which size on it pays: thresholds.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace assay::openmp {

/// Appends to memory by ordinary stores.
class PlainStream {
 public:
  explicit PlainStream(void* to) : to_(static_cast<std::byte*>(to)) {}

  void append(const void* from, std::size_t bytes) {
    std::memcpy(to_, from, bytes);
    to_ += bytes;
  }
  void append_zeros(std::size_t bytes) {
    std::memset(to_, 0, bytes);
    to_ += bytes;
  }
  void finish() {}

 private:
  std::byte* to_;
};

/// Appends to memory past the caches. The bytes are there, for other threads too, after finish().
class LineStream {
 public:
  explicit LineStream(void* to) {
    begin_ = filled_ = reinterpret_cast<std::uintptr_t>(to) % line_bytes;
    line_ = static_cast<std::byte*>(to) - begin_;
  }

  void append(const void* from, std::size_t bytes) {
    const auto* source = static_cast<const std::byte*>(from);
    const std::size_t missing = fill(bytes, [&](std::byte* to, std::size_t count) { std::memcpy(to, source, count); });
    source += missing;
    bytes -= missing;
    for (; bytes >= line_bytes; bytes -= line_bytes, source += line_bytes) stream(source);
    fill(bytes, [&](std::byte* to, std::size_t count) { std::memcpy(to, source, count); });
  }
  void append_zeros(std::size_t bytes) {
    alignas(line_bytes) static constexpr std::byte zeros[line_bytes] = {};
    const auto clear = [](std::byte* to, std::size_t count) { std::memset(to, 0, count); };
    bytes -= fill(bytes, clear);
    for (; bytes >= line_bytes; bytes -= line_bytes) stream(zeros);
    fill(bytes, clear);
  }
  void finish() {
    std::memcpy(line_ + begin_, held_ + begin_, filled_ - begin_);
    begin_ = filled_;
#if defined(__SSE2__)
    _mm_sfence();
#endif
  }

 private:
  static constexpr std::size_t line_bytes = 64;

  /// Continues a line that has been begun (or begins one with less than a line), and returns how many bytes went there.
  template <class Write>
  std::size_t fill(std::size_t bytes, const Write& write) {
    if (filled_ == 0 && bytes >= line_bytes) return 0;
    const std::size_t count = std::min(bytes, line_bytes - filled_);
    write(held_ + filled_, count);
    filled_ += count;
    if (filled_ == line_bytes) release();
    return count;
  }
  void release() {
    if (begin_ == 0) {
      stream(held_);
    } else {  // the first line, which others share
      std::memcpy(line_ + begin_, held_ + begin_, line_bytes - begin_);
      line_ += line_bytes;
    }
    begin_ = filled_ = 0;
  }
  /// Writes a whole line. GCC 12 accepts `omp simd nontemporal` and ignores it, so the instruction is named: every
  /// x86-64 CPU has it.
  void stream(const std::byte* from) {
#if defined(__SSE2__)
    for (std::size_t i = 0; i < line_bytes; i += sizeof(__m128i))
      _mm_stream_si128(reinterpret_cast<__m128i*>(line_ + i),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
#else
    std::memcpy(line_, from, line_bytes);
#endif
    line_ += line_bytes;
  }

  std::byte* line_;             ///< where the line that is being filled belongs
  std::size_t begin_, filled_;  ///< the part of it that is ours, and here
  alignas(line_bytes) std::byte held_[line_bytes];
};

}  // namespace assay::openmp
