// Planted bugs: backends that compute one operator each with exactly one mistake, built for the tests alone. Each must
// end in FAILED through `verify`, and the same kernel without a mistake in PASSED. Every mistake is one line of one
// table in this folder; start with planted_backends().
#pragma once

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>

#include "backends/backend.h"

namespace assay::planted {

// What the reason of a FAILED row must hold, so that a mistake counts as found for what it is: never for a crash or an
// exception.
inline constexpr std::string_view wrong_value = "are wrong; the first: ";
inline constexpr std::string_view wrong_assignment = "image ";  ///< the judge of hungarian_assignment begins with it
inline constexpr std::string_view wrote_beyond = "it wrote beyond output ";
inline constexpr std::string_view read_beyond = "it read beyond input ";
inline constexpr std::string_view changed_input = "it changed its input ";

/// What a planted kernel is: where it belongs, what is wrong with it, and how that must be noticed.
struct Label {
  std::string_view family, op;
  DType dtype;
  std::string_view short_name;
  std::string_view mistake;   ///< in words; empty for a control, which has none
  std::string_view expected;  ///< a part of the reason for which it must FAIL
  bool is_control() const { return mistake.empty(); }
};

/// A backend with one kernel. Its name is planted.<operator>.<short name>.
class Planted final : public HostBackend {
 public:
  explicit Planted(const Label& label)
      : label_(label), name_("planted." + std::string(label.op) + "." + std::string(label.short_name)) {}

  std::string_view name() const override { return name_; }
  std::string_view description() const override { return label_.is_control() ? "a control" : label_.mistake; }
  Claims claims() const override { return {.honours_threads = false}; }

  const Label& label() const { return label_; }
  KernelTable& kernels() { return kernels_; }

 private:
  Label label_;
  std::string name_;
};

/// One line of a table.
template <class Op, class T>
struct Line {
  std::string_view short_name, mistake;
  void (*kernel)(const typename Op::Params&, const typename Op::template Inputs<T>&,
                 const typename Op::template Outputs<T>&);
  std::string_view expected = std::string_view(Op::name) == "hungarian_assignment" ? wrong_assignment : wrong_value;
};

/// A deque, because backends are known by their addresses.
using Garden = std::deque<Planted>;

template <class Op, class T>
void plant(Garden& garden, std::string_view family, std::initializer_list<Line<Op, T>> table) {
  for (const Line<Op, T>& line : table)
    garden.emplace_back(Label{family, Op::name, DTypeOf<T>::value, line.short_name, line.mistake, line.expected})
        .kernels()
        .template add<Op, T>(line.kernel);
}

void plant_masking(Garden& garden);
void plant_collation(Garden& garden);
void plant_position_encoding(Garden& garden);
void plant_window_attention(Garden& garden);
void plant_set_prediction(Garden& garden);

/// All of them, controls too. They live as long as the program.
inline Garden& planted_backends() {
  static Garden* const garden = [] {
    auto* made = new Garden;
    plant_masking(*made);
    plant_collation(*made);
    plant_position_encoding(*made);
    plant_window_attention(*made);
    plant_set_prediction(*made);
    return made;
  }();
  return *garden;
}

}  // namespace assay::planted
