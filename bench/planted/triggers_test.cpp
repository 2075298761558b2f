// Kernels that are wrong under one condition alone: the default cases must kill at least 70 % of them, and the covering
// array all whose condition fits its budget. What it prints is the kill table.
#include "bench/planted/triggers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reference/registry.h"

namespace assay::bench {
namespace {

bool never() { return false; }

bool every(const std::string&) { return true; }

std::vector<TriggerFate> fates_of(const OperatorEntry& op) {
  std::vector<TriggerFate> fates;
  for (Trigger& trigger : triggers_of(op)) fates.push_back({std::move(trigger)});
  return fates;
}

TEST(Triggers, AreKilledByTheCover) {
  std::size_t made = 0, by_verify = 0, by_cover = 0;
  CaseOptions options;
  options.drawn = Drawn::share;
  const CaseList by_default = collect_cases(options);
  for (const OperatorEntry& op : operators()) {
    const OperatorTriggers tried = try_all_triggers(op, by_default.cases, {default_seed, {1, 2, 3, 7}, every, never});
    std::size_t possible = 0;
    for (std::size_t i = 0; i < tried.by_cover.size(); ++i) {
      const TriggerFate& fate = tried.by_cover[i];
      if (!fate.is_one || tried.is_too_large(i)) continue;
      ++possible;
      EXPECT_TRUE(fate.killed()) << op.name << "/" << fate.trigger.label() << " survives the cover";
    }
    const std::size_t verify = killed_of(tried.by_verify), cover = killed_of(tried.by_cover);
    EXPECT_GE(verify * 10, possible * 7) << op.name;
    fmt::print("{:<26} of {:>3}: {:>3} killed by a default verify, {:>3} by --cover; {} need larger tensors\n", op.name,
               possible, verify, cover, tried.too_large.size());
    made += possible;
    by_verify += verify;
    by_cover += cover;
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
