// The formatting of times, sizes and shares.
#include "bench/base/units.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::bench {

std::string format_time(double ns) {
  const auto digits = [](double value) { return value < 10 ? 2 : value < 100 ? 1 : 0; };
  if (ns < 1e3) return fmt::format("{:.{}f} ns", ns, digits(ns));
  if (ns < 1e6) return fmt::format("{:.{}f} µs", ns / 1e3, digits(ns / 1e3));
  if (ns < 1e9) return fmt::format("{:.{}f} ms", ns / 1e6, digits(ns / 1e6));
  return fmt::format("{:.{}f} s", ns / 1e9, digits(ns / 1e9));
}

std::string format_bytes(double bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  return fmt::format("{:.4g} {}", bytes, units[unit]);
}

std::string format_share(double share) {
  const double percent = 100 * share;
  return percent >= 10 ? fmt::format("{:.0f} %", percent) : fmt::format("{:.2g} %", percent);
}

}  // namespace assay::bench
