// Numbers with their units, as people read them.
#pragma once

#include <string>

namespace assay::bench {

/// "12.3 µs", "4.56 ms": three digits and a unit.
std::string format_time(double ns);

/// "96 KiB", "1.5 GiB".
std::string format_bytes(double bytes);

/// "104 %", "7.3 %", "0.042 %" of 1.
std::string format_share(double share);

}  // namespace assay::bench
