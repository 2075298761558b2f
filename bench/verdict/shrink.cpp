// Tries the plain level of each factor and smaller extents, one after the other, until none fails any more.
#include "bench/verdict/shrink.h"

#include <algorithm>
#include <vector>

#include "bench/base/interrupt.h"
#include "bench/verdict/verified_case.h"

namespace assay::bench {
namespace {

constexpr int most_tries = 200;  // each factor is tried a few times, whatever its extent

class Shrinker {
 public:
  Shrinker(const CaseRows& rows, const Row& failed, std::uint64_t seed,
           const std::function<std::string(const Row&)>& repro_command)
      : bound_(*rows.bound),
        smallest_(failed),
        seed_(seed),
        repro_command_(repro_command),
        choices_(choices_of(*bound_.op, bound_.name)) {
    for (const Row& row : rows.rows)
      if (row.backend == failed.backend) rows_.push_back(row);
  }

  /// Without other plans if the case fails without: a companion's failure would hide the case's own.
  std::optional<Row> run() {
    with_companion_ = false;
    with_companion_ = !still_fails();
    bool smaller = false;
    for (bool changed = true; changed && left_ > 0;) {
      changed = false;
      for (std::size_t factor = 0; factor < choices_.factors().size(); ++factor) changed |= reduce(factor);
      smaller |= changed;
    }
    if (!smaller) return std::nullopt;
    return smallest_;
  }

 private:
  /// Takes the first reduction of a factor that still fails. True if there is one.
  bool reduce(std::size_t factor) {
    const std::int64_t now = choices_[factor];
    for (const std::int64_t candidate : smaller_than(factor)) {
      choices_[factor] = candidate;
      if (still_fails()) return true;
      choices_[factor] = now;
    }
    return false;
  }

  /// The least first, then half of what it is, then one step less.
  std::vector<std::int64_t> smaller_than(std::size_t factor) const {
    const std::int64_t now = choices_[factor];
    const ExtentRange* range = choices_.factors()[factor].range;
    if (range == nullptr) return now == 0 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{0};
    const std::int64_t least = std::max<std::int64_t>(range->low, range->step);
    std::vector<std::int64_t> candidates = {least, 2 * least, now / 2 / range->step * range->step, now - range->step};
    std::erase_if(candidates, [&](std::int64_t extent) { return extent < least || extent >= now; });
    return candidates;
  }

  bool still_fails() {
    if (left_ <= 0 || is_interrupted() || !work_of(*bound_.op, choices_)) return false;
    --left_;
    const BoundCase bound = bind_case(*bound_.op, *bound_.instance, make_case(*bound_.op, choices_, seed_));
    CaseRows rows{&bound, rows_};
    for (Row& row : rows.rows) row.case_name = bound.name;
    bool fails = false;
    verify_case(
        rows, seed_, repro_command_,
        [&](Row&& row) {
          if (row.verdict != smallest_.verdict || fails) return;
          smallest_ = std::move(row);
          fails = true;
        },
        with_companion_);
    return fails;
  }

  const BoundCase& bound_;
  Row smallest_;
  std::uint64_t seed_;
  const std::function<std::string(const Row&)>& repro_command_;
  Choices choices_;
  std::vector<Row> rows_;
  bool with_companion_ = true;
  int left_ = most_tries;
};

}  // namespace

std::optional<Row> shrink(const CaseRows& rows, const Row& failed, std::uint64_t seed,
                          const std::function<std::string(const Row&)>& repro_command) {
  if (!rows.bound->name.starts_with(drawn_prefix) || rows.bound->golden) return std::nullopt;
  return Shrinker(rows, failed, seed, repro_command).run();
}

}  // namespace assay::bench
