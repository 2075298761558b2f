// What can become of a check. Only a PASSED row may show a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::bench {

enum class Verdict : std::uint8_t {
  passed,
  failed,       ///< a wrong result
  unsupported,  ///< the backend has no such kernel, and says why
  unavailable,  ///< the backend cannot run on this machine
  invalid,      ///< the case itself is no test
  mistrusted,   ///< too good to be true
};

inline constexpr std::array all_verdicts = {Verdict::passed,      Verdict::failed,  Verdict::unsupported,
                                            Verdict::unavailable, Verdict::invalid, Verdict::mistrusted};

constexpr std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return "PASSED";
    case Verdict::failed: return "FAILED";
    case Verdict::unsupported: return "UNSUPPORTED";
    case Verdict::unavailable: return "UNAVAILABLE";
    case Verdict::invalid: return "INVALID";
    case Verdict::mistrusted: return "MISTRUSTED";
  }
  return "?";
}

/// The verdict of that name, or none.
constexpr std::optional<Verdict> verdict_named(std::string_view name) {
  for (const Verdict verdict : all_verdicts)
    if (name_of(verdict) == name) return verdict;
  return std::nullopt;
}

/// Verdicts that end a run with exit code 3.
constexpr bool breaks_parity(Verdict verdict) {
  return verdict == Verdict::failed || verdict == Verdict::invalid || verdict == Verdict::mistrusted;
}

}  // namespace assay::bench
