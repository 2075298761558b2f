// The formatting of times, sizes and shares. A unit ends where its last number would be rounded up to the next unit:
// 999.5 ns is 1.00 µs.
#include "bench/base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace assay::bench {

std::string format_time(double ns) {
  struct Unit {
    const char* name;
    double size;
  };
  constexpr std::array<Unit, 4> units = {{{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
  const auto* fits = std::find_if(units.begin(), units.end() - 1, [&](const Unit& u) { return ns < 999.5 * u.size; });
  const double value = ns / fits->size;
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, fits->name);
}

std::string format_bytes(double bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1023.5 && unit + 1 < units.size(); ++unit) bytes = std::max(1.0, bytes / 1024);
  if (bytes >= 9999.5) return fmt::format("{:.0f} {}", bytes, units[unit]);  // {:.4g} has an exponent from here on
  return fmt::format("{:.4g} {}", bytes, units[unit]);
}

std::string format_share(double share) {
  const double percent = 100 * share;
  if (percent > 0 && percent < 0.0005) return "<0.001 %";
  const int decimals = percent >= 99.95 ? 0 : percent == 0 || percent >= 0.095 ? 1 : 3;
  return fmt::format("{:.{}f} %", percent, decimals);
}

}  // namespace assay::bench
