// Numbers with their units, as people read them. scripts/results/units.py writes times and shares in the same way;
// units_examples.json is tested on both.
#pragma once

#include <string>

namespace assay::bench {

/// "12.3 µs", "4.56 ms": three significant digits, in the unit that leaves less than 1000. Whole seconds above that.
std::string format_time(double ns);

/// "96 KiB", "1.5 GiB": up to four significant digits, in the unit that leaves less than 1024.
std::string format_bytes(double bytes);

/// "104 %", "73.4 %", "0.6 %", "0.042 %" of 1, which is 100 %.
std::string format_share(double share);

}  // namespace assay::bench
