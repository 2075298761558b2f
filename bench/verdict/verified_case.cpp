// Verifying the rows of a case.
#include "bench/verdict/verified_case.h"

#include "bench/base/interrupt.h"
#include "bench/verdict/referee.h"

namespace assay::bench {

void verify_case(const CaseRows& selected, std::uint64_t seed,
                 const std::function<std::string(const Row&)>& repro_command, const std::function<void(Row&&)>& done) {
  if (is_interrupted()) return;
  const Expectation expected = expect(*selected.bound, seed, 0);
  if (is_interrupted()) return;
  // small cases only: a second truth costs as much as the first, and bench gives workloads fresh values before it times
  // them
  std::optional<Expectation> varied;
  if (selected.bound->tier == Tier::small) varied = expect_varied(*selected.bound, expected);
  Referee referee(*selected.bound, expected, varied ? &*varied : nullptr);
  for (Row row : selected.rows) {
    if (is_interrupted()) return;
    row.repro = repro_command(row);
    if (const auto trial = referee.open(row)) referee.verify(*trial, row);
    done(std::move(row));
  }
}

}  // namespace assay::bench
