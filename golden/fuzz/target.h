// What is fuzzed: one Target a file, driven in two ways. libfuzzer.cpp searches for new inputs, with clang and for as
// long as wanted (scripts/fuzz); replay.cpp runs the seeds and a fixed set of their mutations with any compiler, as a
// test.
//
// The seeds are C++, not files: they stay readable beside a comment on what each is for, nothing binary lies in the
// source tree, and the search and the test cannot come to differ. `<target>_replay --write-seeds DIR` makes files of
// them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::fuzz {

struct Target {
  /// Inputs to start from: some that are accepted, some that are refused, and each that once broke something.
  std::vector<std::string> (*seeds)();
  /// What mutations insert: the words of the input's language.
  std::span<const std::string_view> words;
  /// Makes what an input says of its own parts (a length) true again after a mutation, so that it reaches more than the
  /// first check. May be null.
  void (*repair)(std::string& input);
  /// Reads an input and holds whatever comes out against what must be true of it; returns whether it was accepted.
  /// InvalidArgument is a refusal and caught here; every other exception is a finding.
  bool (*accepts)(std::string_view input);
};

/// Defined by each target's own file.
extern const Target target;

/// Throws Broken with the sentence unless `holds`.
void require(bool holds, std::string_view what);

/// Requires of an error's text what every message must be: UTF-8 on one line, of bounded length, without control
/// characters, whatever the input held.
void require_sentence(std::string_view message);

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace assay::fuzz
