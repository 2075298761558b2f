// Where results go: files, what people read and its colours, and progress.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace assay::bench {

/// Writes the whole text to a file, or to standard output for "-"; see WholeFile.
void write_whole(const std::string& path, std::string_view text);

/// What people read goes to standard output, or to standard error once a file has taken that.
void say(std::string_view text);
void leave_standard_output_to_a_file();

/// When to colour: always, never, or (auto) on a terminal unless NO_COLOR is set.
enum class Colour { automatic, always, never };
void set_colour(Colour colour);

/// The text in the colour of a verdict, or as it is where colours are off.
std::string coloured(std::string_view text, std::string_view verdict);

/// How far a run is: one line rewritten on a terminal, a plain line every few seconds elsewhere, on standard error.
class Progress {
 public:
  enum Loudness : bool { silent, shown };
  Progress(std::string_view verb, std::size_t total, Loudness loudness = shown);
  ~Progress();
  /// One step is done; `label` is what comes next.
  void step(std::string_view label);
  /// Makes room for a line of output on a terminal.
  void clear();

 private:
  double elapsed_s() const;

  std::string verb_;
  std::size_t total_, done_ = 0;
  Loudness loudness_;
  bool terminal_;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace assay::bench
