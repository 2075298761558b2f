// Every mutant that the contracts say how to make must be killed by a case of its operator, or be declared equal and
// seen equal. What it prints is the kill table.
#include "bench/planted/mutants.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "reference/registry.h"

namespace assay::bench {
namespace {

using testing::Contains;
using testing::HasSubstr;

bool every(const std::string&) { return true; }
bool never() { return false; }

std::vector<BoundCase> all_cases() {
  CaseOptions options;
  options.drawn = Drawn::share;
  return collect_cases(options).cases;
}

const BoundCase& named(const std::vector<BoundCase>& all, std::string_view op, std::string_view name) {
  for (const BoundCase& bound : all)
    if (bound.op->name == op && bound.name == name) return bound;
  throw std::logic_error("there is no such case");
}

const MutantFate& fate_of(const std::vector<MutantFate>& fates, std::string_view label) {
  for (const MutantFate& fate : fates)
    if (fate.mutant.label() == label) return fate;
  throw std::logic_error(fmt::format("there is no mutant {}", label));
}

TEST(Mutants, AreAllKilledOrEqualAsDeclared) {
  const std::vector<BoundCase> all = all_cases();
  std::size_t made = 0, killed = 0;
  for (const OperatorEntry& op : operators()) {
    const std::vector<MutantFate> fates = try_mutants(op, mutant_cases(op, all), default_seed, every, never);
    EXPECT_GE(fates.size(), 4U) << op.name;  // of a sampler that has one number and one output
    std::size_t of_operator = 0;
    for (const MutantFate& fate : fates) {
      EXPECT_TRUE(fate.in_order()) << op.name << "/" << fate.mutant.label() << ": "
                                   << (fate.killed() ? fate.killed_by + " tells it: " + fate.reason : "survives");
      of_operator += fate.killed();
      if (!fate.killed())
        fmt::print("{}/{} is equal on {} cases: {}\n", op.name, fate.mutant.label(), fate.cases, fate.equivalent);
    }
    fmt::print("{:<26} killed {:>3} of {:>3}\n", op.name, of_operator, fates.size());
    made += fates.size();
    killed += of_operator;
  }
  fmt::print("all: killed {} of {}\n", killed, made);
}

TEST(Mutants, EveryDeclaredEquivalentIsOneThatCanBeMade) {
  for (const OperatorEntry& op : operators()) {
    if (op.equivalents == nullptr) continue;
    std::set<std::string> labels;
    for (const Mutant& mutant : mutants_of(op)) labels.insert(mutant.label());
    for (const Equivalent& equivalent : op.equivalents()) {
      EXPECT_THAT(labels, Contains(fmt::format("{}: {}", equivalent.field, equivalent.change))) << op.name;
      EXPECT_FALSE(equivalent.reason.empty());
    }
  }
}

TEST(Mutants, OneThatNoCaseTellsSurvives) {
  const std::vector<BoundCase> all = all_cases();
  const OperatorEntry& op = find_operator("mask_downsample");
  // nothing is padded, so that neither polarity nor place can be told
  const auto fates = try_mutants(op, {&named(all, op.name, "all_valid_all_false")}, default_seed, every, never);
  const MutantFate& rolled = fate_of(fates, "mask: last element left stale");
  EXPECT_TRUE(rolled.killed()) << "memory held something else";
  for (const MutantFate& fate : fates) EXPECT_EQ(fate.mutant.label().find("rolled"), std::string::npos);
}

TEST(Mutants, OneThatIsEqualWhereItIsOneIsOutOfOrderUnlessDeclared) {
  const std::vector<BoundCase> all = all_cases();
  OperatorEntry op = find_operator("nested_tensor");
  const std::vector<const BoundCase*> cases = mutant_cases(find_operator("nested_tensor"), all);
  const std::string label = "size_divisible: doubled";
  const auto only = [&](const std::string& candidate) { return candidate == label; };
  EXPECT_TRUE(fate_of(try_mutants(op, cases, default_seed, only, never), label).in_order());
  op.equivalents = nullptr;
  const MutantFate undeclared = fate_of(try_mutants(op, cases, default_seed, only, never), label);
  EXPECT_GT(undeclared.cases, 0U);
  EXPECT_FALSE(undeclared.killed());
  EXPECT_FALSE(undeclared.in_order());
}

TEST(Mutants, OneThatIsDeclaredEqualAndIsNotIsOutOfOrder) {
  const std::vector<BoundCase> all = all_cases();
  OperatorEntry op = find_operator("window_softmax");
  op.equivalents = [] { return std::vector<Equivalent>{{"bias", "ignored", "it is not"}}; };
  const auto only = [](const std::string& label) { return label == "bias: ignored"; };
  const auto fates = try_mutants(op, mutant_cases(find_operator("window_softmax"), all), default_seed, only, never);
  ASSERT_EQ(fates.size(), 1U);
  EXPECT_TRUE(fates[0].killed());
  EXPECT_THAT(fates[0].reason, HasSubstr("are wrong; the first: probs["));
  EXPECT_FALSE(fates[0].in_order());
}

TEST(Mutants, OneThatTheOperatorRefusesOrThatHasOtherShapesIsNotMade) {
  const std::vector<BoundCase> all = all_cases();
  const OperatorEntry& op = find_operator("mask_downsample");
  for (const MutantFate& fate : try_mutants(op, mutant_cases(op, all), default_seed, every, never)) {
    EXPECT_NE(fate.mutant.label(), "out_height: negated");
    EXPECT_NE(fate.mutant.label(), "out_height: doubled");
  }
}

}  // namespace
}  // namespace assay::bench
