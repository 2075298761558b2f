// Verifying the rows of a case.
#include "bench/verdict/verified_case.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "bench/base/interrupt.h"
#include "bench/verdict/referee.h"

namespace assay::bench {
namespace {

/// The rows of each backend by falling thread count: what a kernel fills on first use, several threads fill at once.
std::vector<Row> most_threads_first(std::vector<Row> rows) {
  for (auto begin = rows.begin(); begin != rows.end();) {
    const auto end = std::find_if(begin, rows.end(), [&](const Row& row) { return row.backend != begin->backend; });
    std::stable_sort(begin, end, [](const Row& a, const Row& b) { return a.threads > b.threads; });
    begin = end;
  }
  return rows;
}

}  // namespace

void verify_case(const CaseRows& selected, std::uint64_t seed,
                 const std::function<std::string(const Row&)>& repro_command, const std::function<void(Row&&)>& done,
                 bool with_companion) {
  if (is_interrupted()) return;
  const Expectation expected = expect(*selected.bound, seed, 0);
  if (is_interrupted()) return;
  // small cases only: a second truth costs as much as the first, and bench gives workloads fresh values before it times
  // them
  std::optional<Expectation> varied;
  if (selected.bound->tier == Tier::small) varied = expect_varied(*selected.bound, expected);
  std::unique_ptr<const Companion> companion;
  if (with_companion && expected.invalid.empty() && expected.unavailable.empty())
    companion = expect_companion(*selected.bound, seed);
  Referee referee(*selected.bound, expected, varied ? &*varied : nullptr, companion.get());
  for (Row row : most_threads_first(selected.rows)) {
    if (is_interrupted()) return;
    row.repro = repro_command(row);
    if (const auto trial = referee.open(row)) referee.verify(*trial, row);
    done(std::move(row));
  }
}

}  // namespace assay::bench
