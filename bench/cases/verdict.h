// What can become of a check. Only a PASSED row may show a time.
#pragma once

#include <cstdint>
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

/// Verdicts that end a run with exit code 3.
constexpr bool breaks_parity(Verdict verdict) {
  return verdict == Verdict::failed || verdict == Verdict::invalid || verdict == Verdict::mistrusted;
}

}  // namespace assay::bench
