// Where results go besides say(): files, of which none may lose the others, colours, and progress.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace assay::bench {

/// Refuses, before the work, output files that cannot be written, two names of one file, and the file that standard
/// output or standard error is redirected to. Names that are empty are left out. If one of the files is standard output
/// ("-", /dev/stdout), say() changes to standard error.
void prepare_outputs(std::span<const std::string> paths);

/// Writes the whole text to a file, or to standard output for "-"; see WholeFile. Throws InvalidArgument.
void write_whole(const std::string& path, std::string_view text);

/// The files that a command leaves. A file that cannot be written is reported on standard error and keeps none of the
/// others from being written.
class Reports {
 public:
  /// Does nothing for an empty path. A path may be written again: what counts is the last time.
  void write(const std::string& path, std::string_view text);
  /// The same code, but 1 in place of 0 if a file could not be written: other codes say something worse.
  int exit_code(int code) const;

 private:
  std::map<std::string, std::string> failed_;  ///< sentences by path
};

/// When to colour: always, never, or (automatic) on a terminal that has colours, unless NO_COLOR is set.
enum class Colour { automatic, always, never };
void set_colour(Colour colour);

/// The text in the colour of a verdict, or as it is if colours are off.
std::string coloured(std::string_view text, std::string_view verdict);

/// How far a run is, on standard error: one line that is rewritten on a terminal, elsewhere (TERM=dumb included) a
/// plain line every 10 seconds. Uses no escape sequences.
class Progress {
 public:
  enum Loudness : bool { silent, shown };
  Progress(std::string_view verb, std::size_t total, Loudness loudness = shown);
  ~Progress();
  /// One step is done, and `label` names it.
  void step(std::string_view label);
  /// Empties the line on a terminal, so that other output can take its place.
  void clear();

 private:
  double elapsed_s() const;
  void rewrite(const std::string& line);

  std::string verb_;
  std::size_t total_, done_ = 0;
  Loudness loudness_;
  bool terminal_;
  std::size_t shown_bytes_ = 0;  ///< of the line that is on the terminal
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace assay::bench
