// Reading a probe between its points, always on the side of the faster one.
#include "bench/timing/roof.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "bench/base/units.h"

namespace assay::bench {
namespace {

/// The thread count whose measurements speak for `threads`: the nearest one above, else the largest; 0 if there is
/// none.
template <class Measured>
int measured_threads(const std::vector<Measured>& list, int threads) {
  int above = 0, largest = 0;
  for (const Measured& measured : list) {
    largest = std::max(largest, measured.threads);
    if (measured.threads >= threads && (above == 0 || measured.threads < above)) above = measured.threads;
  }
  return above != 0 ? above : largest;
}

/// The best rate of a curve for a working set. What fits into less cache is never slower, so a larger set that was
/// measured to be faster shows an overhead of the smaller one's measurement: the maximum over the next smaller point
/// and all above it. Beyond its ends a curve goes on as it ended.
double rate_at(const BandwidthCurve& curve, double bytes) {
  double best = 0;
  for (std::size_t i = curve.points.size(); i-- > 0;) {
    best = std::max(best, curve.points[i].rate.best);
    if (curve.points[i].bytes <= bytes) break;
  }
  return best;
}

/// Fewer threads than were asked for may do better (small sets, a machine shared with others), and a kernel is free to
/// use them: the best of all counts up to the one that speaks for `threads`.
double bandwidth(const Probe& probe, double bytes, int threads) {
  const int most = measured_threads(probe.curves, threads);
  double best = 0;
  for (const BandwidthCurve& curve : probe.curves)
    if (curve.threads <= most) best = std::max(best, rate_at(curve, bytes));
  return best;
}

/// The best of all levels, and for a dtype that was not measured (its arithmetic is then that of integers, masks or
/// narrower numbers) of all dtypes.
double peak_rate(const Probe& probe, int threads, DType dtype) {
  const int most = measured_threads(probe.peaks, threads);
  const bool known =
      std::any_of(probe.peaks.begin(), probe.peaks.end(), [&](const Peak& peak) { return peak.dtype == dtype; });
  double best = 0;
  for (const Peak& peak : probe.peaks)
    if (peak.threads <= most && (peak.dtype == dtype || !known)) best = std::max(best, peak.rate.best);
  return best;
}

double bytes_of_all(std::span<const TensorRef> tensors) {
  double bytes = 0;
  for (const TensorRef& tensor : tensors) bytes += static_cast<double>(bytes_of(tensor));
  return bytes;
}

}  // namespace

std::optional<Floor> floor_of(const Probe& probe, const Cost& cost, double working_set_bytes, int threads, DType dtype,
                              bool cold) {
  if (threads < 1) return std::nullopt;
  const double bytes = cold ? std::numeric_limits<double>::infinity() : working_set_bytes;
  const double memory_rate = bandwidth(probe, bytes, threads), compute_rate = peak_rate(probe, threads, dtype);
  const double memory_ns = memory_rate > 0 ? cost.bytes / memory_rate : 0;
  const double compute_ns = compute_rate > 0 ? cost.flops / compute_rate : 0;
  if (!(memory_ns > 0) && !(compute_ns > 0)) return std::nullopt;
  return memory_ns >= compute_ns ? Floor{memory_ns, "memory"} : Floor{compute_ns, "compute"};
}

bool beyond_the_roof(double fraction) {
  // A probe repeated on one machine agrees with itself within a few percent (clock frequency, which physical pages it
  // drew); what is left out of a row's work by cheating or by a wrong cost model is as a rule a good deal more.
  constexpr double most = 1.05;
  return !(fraction <= most);
}

double working_set_bytes(const BoundCase& bound, const TensorPack& inputs, std::span<const Shape> outputs) {
  double bytes = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field) bytes += bytes_of_all(inputs[field]);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    bytes +=
        static_cast<double>(outputs[i].elements()) * static_cast<double>(size_of(bound.instance->outputs[i].dtype));
  return bytes;
}

void hold_against_roof(const Probe& probe, double working_set_bytes, DType dtype, bool cold, Row& row) {
  if (!row.timing || row.timing->samples_ns.empty()) return;
  const double touched = std::min(working_set_bytes, row.cost.bytes);
  const auto floor = floor_of(probe, row.cost, touched, row.threads, dtype, cold);
  if (!floor) return;
  row.roof_fraction = floor->ns / row.timing->median_ns;
  row.bound_by = floor->bound_by;
  if (row.verdict != Verdict::passed || !beyond_the_roof(*row.roof_fraction)) return;
  row.verdict = Verdict::mistrusted;
  row.reason = fmt::format(
      "its {} is {:.0f} % of the roof: {:.0f} bytes and {:.0f} operations take {} at least, by {}, as this machine was "
      "probed; if it was busy then, `assay probe --fresh` measures the roof anew",
      format_time(row.timing->median_ns), 100 * *row.roof_fraction, row.cost.bytes, row.cost.flops,
      format_time(floor->ns), floor->bound_by);
}

}  // namespace assay::bench
