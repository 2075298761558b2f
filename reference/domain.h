// What drawn cases of an operator are made from. An operator declares its Domain: for each axis and parameter its
// classes, for each field the classes of values that mean something, and the relations between them. Each of these is a
// *factor*, its classes are *levels*, and a case is one level of every factor. The harness draws the cases; it knows no
// operator. Start with Domain, then make_case().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/recipe.h"
#include "reference/tensor.h"

namespace assay {

struct OperatorEntry;
struct FieldInfo;
struct Case;
struct Scalar;
class Choices;

/// An axis, or a parameter that is an extent. Each number in `levels` is a class of its own; the primes are one class
/// together, of which one is drawn.
struct ExtentRange {
  std::string_view name;
  std::vector<std::int64_t> levels, primes;
  std::int64_t low = 1, step = 1;  ///< a valid extent is at least `low` and a multiple of `step`
};

/// `least` (0 or 1), 1, 2, 3; 2^k − 1, 2^k, 2^k + 1 for k = 2…10 (vectors, tiles, lines, tables); primes; 65,535,
/// 65,537 and 2²⁴ + 1.
ExtentRange extents(std::string_view name, std::int64_t least = 1);
/// Even numbers at and beside the same powers of two.
ExtentRange even_extents(std::string_view name);
/// Batch, heads, lists, layers, targets: `least` (0 or 1), 1, 2, 3, 17, 33, 129, 257.
ExtentRange counts(std::string_view name, std::int64_t least = 1);

/// A parameter that is no extent: the first class is the plain one. A value may depend on extents.
struct ParameterClass {
  std::string label;
  std::function<Scalar(const Choices&)> value;
};
struct ParameterRange {
  std::string_view name;
  std::vector<ParameterClass> classes;
};
ParameterRange reals(std::string_view name, const std::vector<double>& values);
ParameterRange integers(std::string_view name, const std::vector<std::int64_t>& values);
ParameterRange flag(std::string_view name);

/// What a field may hold. `recipe` makes it for a shape; a class without a recipe leaves an optional input out.
/// `holds` tells whether a tensor is of the class, whoever made it.
struct ValueClass {
  std::string_view name;
  std::function<Recipe(const Choices&, const Shape&, std::uint64_t key)> recipe;
  std::function<bool(const TensorRef&)> holds;
};
struct FieldRange {
  std::string_view field;
  std::vector<ValueClass> classes;  ///< the first is the plain one
};

/// A list input: the axis that counts its elements, and the extents that its elements stay within. A number is the
/// extent itself, axes of one name have one extent, and an axis that the field allows to be zero may be. Which elements
/// reach those extents is a factor of its own, "images.shapes", unless all do.
struct ListRange {
  std::string_view field, count;
  std::vector<std::string_view> most;
  bool alike = false;  ///< all elements have one shape
};

/// An extent that follows from other choices: the entries of a table.
struct DerivedExtent {
  std::string_view name;
  std::int64_t (*extent)(const Choices&);
};

struct Domain {
  std::vector<ExtentRange> extents = {};
  std::vector<ParameterRange> parameters = {};
  std::vector<FieldRange> fields = {};
  std::vector<ListRange> lists = {};
  std::vector<DerivedExtent> derived = {};
  /// Whether these choices make a test at all; null: all do.
  bool (*valid)(const Choices&) = nullptr;
  /// Elements' worth of work, where the oracle takes more than one step an element; null: the elements.
  double (*work)(const Choices&) = nullptr;
  /// The axis along which every output's slice depends on the inputs' slices alone (and on inputs without it), so that
  /// a truth too large to evaluate can be sampled; empty: none. Every output names it among its axes; inputs name it,
  /// or it counts their lists.
  std::string_view independent = {};
};

/// The place of an axis among those that a field names; nothing if it does not name it.
std::optional<std::size_t> place_of_axis(const FieldInfo& field, std::string_view axis);
/// Whether the axis counts the elements of a list input.
bool counts_list(const Domain& domain, const FieldInfo& field, std::string_view axis);

/// A factor with the labels of its levels.
struct Factor {
  std::string name;
  std::vector<std::string> levels;
  const ExtentRange* range = nullptr;  ///< of an extent
};
std::vector<Factor> factors_of(const Domain& domain);

/// The level of an extent that makes the smallest case that is not empty; the plain level of other factors.
std::size_t smallest_level(const Factor& factor);

/// One choice for each factor: of an extent its number, otherwise the number of the level.
class Choices {
 public:
  /// The plain case: the first level of every factor.
  explicit Choices(const Domain& domain);

  std::int64_t extent(std::string_view factor) const;     ///< also a derived one
  std::string_view level(std::string_view factor) const;  ///< of a factor that is no extent
  bool is(std::string_view factor, std::string_view name) const { return level(factor) == name; }
  std::uint64_t key() const { return key_; }  ///< what is drawn beyond the levels depends on it
  void set_key(std::uint64_t key) { key_ = key; }

  const Domain& domain() const { return *domain_; }
  const std::vector<Factor>& factors() const { return *factors_; }
  std::int64_t operator[](std::size_t factor) const { return values_[factor]; }
  std::int64_t& operator[](std::size_t factor) { return values_[factor]; }
  /// Chooses level `level` of a factor; of the primes one that `key` draws.
  void choose(std::size_t factor, std::size_t level, std::uint64_t key);
  /// The level that a factor has; nothing for an extent that is none of its classes.
  std::optional<std::size_t> level_of(std::size_t factor) const;

 private:
  const Domain* domain_;
  std::shared_ptr<const std::vector<Factor>> factors_;
  std::vector<std::int64_t> values_;
  std::uint64_t key_ = 0;
};

/// The level of an extent's range that a number belongs to.
std::optional<std::size_t> level_of(const ExtentRange& range, std::int64_t extent);

/// "drawn:B=3,H=65,W=1,mask=holes": all extents, and what differs from the plain case. The name says everything but the
/// seed, so that a filter can ask for any such case.
inline constexpr std::string_view drawn_prefix = "drawn:";
std::string name_of(const Choices& choices);
/// The choices of a name. Throws InvalidArgument for what is no such name of this operator.
Choices choices_of(const OperatorEntry& op, std::string_view name);

/// The case of these choices; what is drawn beyond them depends on the seed and the name. Throws InvalidArgument where
/// the operator refuses it.
Case make_case(const OperatorEntry& op, Choices choices, std::uint64_t seed);

/// Cases of at most 16,384 elements with a random level of every factor; the same seed gives the same cases.
std::vector<Case> random_cases(const OperatorEntry& op, std::uint64_t seed, std::int64_t count);

/// Elements of all inputs and outputs of the case, or its work if that is more; nothing where the choices make no valid
/// case.
std::optional<double> work_of(const OperatorEntry& op, const Choices& choices);

/// Throws std::logic_error if the domain names what the operator does not have, leaves out an axis or an input, has a
/// parameter's value that the operator refuses, if not every output has its independent axis, or if its plain case is
/// none.
void check_domain(const OperatorEntry& op);

/// How several numbers share one bound: `mixed` (drawn, the bound among them), `equal`, `ascending`, `descending`,
/// `first` or `last` (that one reaches the bound, the others are `least`).
inline constexpr std::string_view spreads[] = {"mixed", "equal", "ascending", "descending", "first", "last"};
std::vector<std::int64_t> spread(std::string_view how, std::int64_t count, std::int64_t least, std::int64_t most,
                                 std::uint64_t key);

}  // namespace assay
