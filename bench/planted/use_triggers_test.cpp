// Kernels that are wrong in one kind of call alone: what verify does with a row must kill each of them.
#include "bench/planted/use_triggers.h"

#include <gtest/gtest.h>

#include "reference/registry.h"

namespace assay::bench {
namespace {

bool never() { return false; }

std::vector<std::string> labels_alive(const std::vector<TriggerFate>& fates) {
  std::vector<std::string> alive;
  for (const TriggerFate& fate : fates)
    if (!fate.killed()) alive.push_back(fate.trigger.label());
  return alive;
}

SelectionOptions one_case(std::vector<int> threads) {
  SelectionOptions options;
  options.threads = std::move(threads);
  options.cases.drawn = Drawn::one;
  options.cases.drawn_only = true;
  return options;
}

TEST(UseTriggers, AreOneForEachThreadCountAndKindOfCall) {
  std::vector<std::string> labels;
  for (const UseTrigger& trigger : use_triggers({1, 5})) labels.push_back(trigger.label());
  EXPECT_EQ(labels, (std::vector<std::string>{"threads=1", "threads=5", "plans=2", "binding=2", "call=2", "call=100",
                                              "host_thread=new"}));
}

TEST(UseTriggers, AreKilledByOneRandomCase) {
  const auto but_many_calls = [](const std::string& label) { return label != "call=100"; };  // a small case has those
  EXPECT_EQ(labels_alive(try_use_triggers(find_operator("padding_mask"), one_case({1, 5}), but_many_calls, never)),
            std::vector<std::string>{});
}

TEST(UseTriggers, AreNotTriedOnceStopped) {
  const auto every = [](const std::string&) { return true; };
  const auto at_once = [] { return true; };
  const std::vector<TriggerFate> fates = try_use_triggers(find_operator("padding_mask"), one_case({1}), every, at_once);
  EXPECT_EQ(labels_alive(fates).size(), fates.size());
}

}  // namespace
}  // namespace assay::bench
