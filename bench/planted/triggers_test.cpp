// Kernels that are wrong under one condition alone: the default cases must kill at least 70 % of them, and the covering
// array all whose condition fits its budget. What it prints is the kill table.
#include "bench/planted/triggers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/planted/mutants.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

bool never() { return false; }

CaseList cases_of(Drawn drawn, const OperatorEntry* op) {
  CaseOptions options;
  options.drawn = drawn;
  options.drawn_only = drawn == Drawn::array;
  return collect_cases(options,
                       [op](std::string_view name, std::string_view) { return op == nullptr || name == op->name; });
}

std::vector<TriggerFate> fates_of(const OperatorEntry& op) {
  std::vector<TriggerFate> fates;
  for (Trigger& trigger : triggers_of(op)) fates.push_back({std::move(trigger)});
  return fates;
}

std::size_t killed(const std::vector<TriggerFate>& fates) {
  return static_cast<std::size_t>(
      std::count_if(fates.begin(), fates.end(), [](const TriggerFate& fate) { return fate.killed(); }));
}

TEST(Triggers, AreKilledByTheCover) {
  std::size_t made = 0, by_verify = 0, by_cover = 0;
  for (const OperatorEntry& op : operators()) {
    const CaseList by_default = cases_of(Drawn::share, &op), drawn = cases_of(Drawn::array, &op);
    std::vector<TriggerFate> verify = fates_of(op), cover = fates_of(op);
    try_triggers(verify, mutant_cases(op, by_default.cases), default_seed, never);
    try_triggers(cover, mutant_cases(op, drawn.cases), default_seed, never);
    const std::vector<std::string>& too_large = drawn.pairs.front().too_large_levels;
    std::size_t possible = 0;
    for (const TriggerFate& fate : cover) {
      if (!fate.is_one || std::count(too_large.begin(), too_large.end(), fate.trigger.label()) != 0) continue;
      ++possible;
      EXPECT_TRUE(fate.killed()) << op.name << "/" << fate.trigger.label() << " survives the cover";
    }
    EXPECT_GE(killed(verify) * 10, possible * 7) << op.name;
    fmt::print("{:<26} of {:>3}: {:>3} killed by a default verify, {:>3} by --cover; {} need larger tensors\n", op.name,
               possible, killed(verify), killed(cover), too_large.size());
    made += possible;
    by_verify += killed(verify);
    by_cover += killed(cover);
  }
  fmt::print("all: of {}, {} killed by a default verify, {} by --cover\n", made, by_verify, by_cover);
}

TEST(Triggers, HoldWhereTheirConditionDoes) {
  const OperatorEntry& op = find_operator("mask_downsample");
  const auto bound = [&](const char* name) {
    return bind_case(op, op.instances.front(), make_case(op, choices_of(op, name), 1));
  };
  const BoundCase even = bound("drawn:B=3,H=64,W=9,out_height=5,out_width=1,mask=holes");
  std::vector<std::string> held;
  for (const Trigger& trigger : triggers_of(op))
    if (trigger.holds(even, even.inputs(1, 0))) held.push_back(trigger.label());
  EXPECT_EQ(held, (std::vector<std::string>{"B=3", "H=64", "W=9", "out_height=5", "out_width=1", "mask=holes"}));
}

TEST(Triggers, HoldOnCasesThatAreNotDrawnToo) {
  const OperatorEntry& op = find_operator("padding_mask");
  BoundCase bound = bind_case(op, op.instances.front(), make_case(op, choices_of(op, "drawn:B=2,H=64,W=9"), 1));
  bound.name = "of_a_user";
  std::size_t held = 0;
  for (const Trigger& trigger : triggers_of(op))
    held += (trigger.label() == "H=64" || trigger.label() == "B=2") && trigger.holds(bound, bound.inputs(1, 0));
  EXPECT_EQ(held, 2U);
}

TEST(Triggers, SurviveCasesThatNeverMeetThem) {
  const OperatorEntry& op = find_operator("padding_mask");
  const BoundCase bound = bind_case(op, op.instances.front(), make_case(op, choices_of(op, "drawn:B=2,H=5,W=9"), 1));
  std::vector<TriggerFate> fates = fates_of(op);
  try_triggers(fates, {&bound}, default_seed, never);
  for (const TriggerFate& fate : fates) {
    if (fate.trigger.factor != "W") continue;
    EXPECT_EQ(fate.killed(), fate.trigger.level == "9") << fate.trigger.label();
  }
}

}  // namespace
}  // namespace assay::bench
