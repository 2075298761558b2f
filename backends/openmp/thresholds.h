// The sizes at which the kernels change how they work, each with its measured default. The environment can set each to
// 0, to a number of bytes or to inf: with 0 a case of a few bytes takes the parallel and the streamed path in many
// blocks, with inf no case does. Tests verify at both ends.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/tensor.h"

namespace assay::openmp {

/// All in bytes.
struct Thresholds {
  /// A fork costs 1 to 3 µs, in which one core moves about 100 KB: less than this is not worth another worker.
  std::int64_t worker = 128 * 1024;
  /// A copy that moves more than this is streamed. Measured with 32 MB of last-level cache: at 47 MB it gains 1.4
  /// times, at 220 MB 1.7 times, while results of 14 MB are still better left in the cache. Results that are computed,
  /// not copied, gained nothing at any size.
  std::int64_t stream = 44 << 20;
  /// A task's rows of a canvas: enough to forget what a block costs besides its bytes (0.2 µs if it is streamed), and
  /// few enough for the workers to end together.
  std::int64_t canvas_block = 256 * 1024;
  /// A task's rows of scores.
  std::int64_t score_block = 128 * 1024;
};

/// What the kernels go by. The backend sets it when it is loaded, before any kernel runs.
inline constinit Thresholds thresholds;

/// A threshold as the environment spells it; InvalidArgument names the variable. An empty text is as good as none.
inline std::int64_t parse_threshold(std::string_view variable, std::string_view text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  if (text == "inf") return std::numeric_limits<std::int64_t>::max();
  std::int64_t bytes = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || stop != text.data() + text.size() || bytes < 0)
    throw InvalidArgument(std::string(variable) + " is " + std::string(text) +
                          ", but it must be 0, a number of bytes, or inf");
  return bytes;
}

/// Sets the thresholds from the environment. Returns the variables that changed one, with their values.
inline std::vector<std::pair<std::string, std::string>> read_thresholds() {
  std::vector<std::pair<std::string, std::string>> changed;
  const auto read = [&](const char* variable, auto... fields) {
    const char* set = std::getenv(variable);
    const std::string text = set == nullptr ? "" : set;
    bool differs = false;
    for (std::int64_t Thresholds::*field : {fields...}) {
      const std::int64_t measured = Thresholds{}.*field;
      thresholds.*field = parse_threshold(variable, text, measured);
      differs = differs || thresholds.*field != measured;
    }
    if (differs) changed.emplace_back(variable, text);
  };
  read("ASSAY_OPENMP_WORKER_BYTES", &Thresholds::worker);
  read("ASSAY_OPENMP_STREAM_BYTES", &Thresholds::stream);
  read("ASSAY_OPENMP_BLOCK_BYTES", &Thresholds::canvas_block, &Thresholds::score_block);
  return changed;
}

}  // namespace assay::openmp
