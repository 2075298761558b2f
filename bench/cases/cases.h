// The cases a run walks over: built-in workloads, drawn cases and golden files, all in one form.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/cover.h"
#include "golden/store.h"
#include "reference/operator.h"

namespace assay::bench {

/// A case at one dtype. Its inputs come from a recipe, or from a golden file where `golden` is set.
struct BoundCase {
  const OperatorEntry* op = nullptr;
  const OperatorInstance* instance = nullptr;
  std::string name, source;
  Tier tier = Tier::small;
  Scalars params;
  std::vector<CaseInput> recipe;
  std::shared_ptr<const GoldenCase> golden;
  double output_bytes = 0;
  std::vector<Shape> output_shapes = {};

  /// The inputs on the host; `seed` chooses the values of a recipe. Later phases than 0 have fresh values of the same
  /// structure: other draws, or where values are given (a golden file, a batch's padding) those of other images.
  TensorPack inputs(std::uint64_t seed, std::uint64_t phase) const;
};

/// A case of `op` at the dtype of `instance`. The tier becomes large if the inputs or the outputs take 64 MB
/// and more. Throws InvalidArgument where the operator refuses it.
BoundCase bind_case(const OperatorEntry& op, const OperatorInstance& instance, Case&& made);

/// Any number would do; a fixed one, so that a gate does not flicker. --seed replaces it.
inline constexpr std::uint64_t default_seed = 20;

/// Which cases are drawn from the operators' domains.
enum class Drawn : std::uint8_t {
  none,
  one,    ///< one random case of each operator
  share,  ///< every level that small cases can have, and some of the pairs
  array,  ///< every pair of levels
};

/// The least number of cases in a share. Those with every level of small cases are more: 26 to 55 an operator.
inline constexpr std::size_t default_share = 24;

/// A drawn case that a filter spells out.
struct NamedCase {
  std::string op, name;
};

struct CaseOptions {
  std::optional<std::string> golden;  ///< a folder that replaces all other cases
  std::uint64_t seed = default_seed;
  Drawn drawn = Drawn::none;
  bool drawn_only = false;  ///< no other cases, and no golden folder is read
  double element_budget = default_element_budget;
  bool beyond_32_bits = false;  ///< of each operator also the drawn case of smallest_beyond_32_bits()
  std::vector<NamedCase> named = {};
};

struct CaseList {
  std::vector<BoundCase> cases;
  std::vector<DamagedFile> damaged;
  std::vector<UnreadFile> unread;  ///< golden files of cases that are not wanted
  std::vector<Cover> covers = {};  ///< of each operator that cases of a share or array were drawn for
};

/// All cases, but of golden and drawn ones only the wanted. A golden case of the project stands in for the built-in one
/// of the same operator, name and dtype. Throws InvalidArgument for anything wrong with a user's folder, and for two
/// cases of one label.
CaseList collect_cases(const CaseOptions& options, const WantedCases& wanted = {});

/// $ASSAY_GOLDEN, else the folder of the source tree this program was built from.
std::string default_golden_folder();

}  // namespace assay::bench
