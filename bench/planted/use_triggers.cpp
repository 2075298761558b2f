// The backends that these triggers are, and verifying their rows.
#include "bench/planted/use_triggers.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>

#include "backends/registry.h"
#include "bench/planted/oracle_kernel.h"
#include "bench/verdict/verified_case.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

/// The oracle, but wrong in the last element of the first output that is not empty while a condition holds.
class UseBackend final : public HostBackend {
 public:
  explicit UseBackend(UseTrigger trigger) : trigger_(std::move(trigger)), name_("trigger." + trigger_.label()) {
    for (const OperatorEntry& op : operators()) add(op, op.instances.front());
  }
  std::string_view name() const override { return name_; }
  std::string_view description() const override { return "the oracle, but wrong under one condition"; }
  Claims claims() const override { return {.honours_threads = true}; }
  int set_threads(int threads) override { return use_.threads = threads; }

  std::string label() const { return trigger_.label(); }

 private:
  /// Counted while it is alive.
  class CountingPlan final : public Plan {
   public:
    CountingPlan(UseBackend& backend, const OperatorInstance& instance, std::unique_ptr<Plan> right)
        : backend_(backend), instance_(instance), right_(std::move(right)) {
      ++backend_.plans_;
    }
    ~CountingPlan() override { --backend_.plans_; }

    Invocation bind(Slots inputs, Slots outputs) override {
      return [this, binding = ++bindings_, run = right_->bind(inputs, outputs), out = pack_of(outputs)] {
        run();
        Use use = backend_.use_;
        use.plans = backend_.plans_;
        use.binding = binding;
        use.call = ++calls_;
        use.on_own_thread = std::this_thread::get_id() == prepared_on_;
        if (backend_.trigger_.holds(use)) spoil_last_element(instance_, out);
      };
    }

   private:
    UseBackend& backend_;
    const OperatorInstance& instance_;
    std::unique_ptr<Plan> right_;
    std::int64_t bindings_ = 0, calls_ = 0;
    std::thread::id prepared_on_ = std::this_thread::get_id();
  };

  static void spoil_last_element(const OperatorInstance& instance, const TensorPack& outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const TensorRef& output = outputs[i][0];
      const std::int64_t last = output.shape.elements() - 1;
      if (last < 0) continue;
      set_value(output, last, spoilt(instance.outputs[i], value_at(output, last)));
      return;
    }
  }

  void add(const OperatorEntry& op, const OperatorInstance& instance) {
    const Prepare right = without_preparation(oracle_kernel(op, instance));
    kernels_.add(std::string(op.name), instance.dtype,
                 [this, right, &instance](std::span<const Scalar> params, Slots described) -> std::unique_ptr<Plan> {
                   return std::make_unique<CountingPlan>(*this, instance, right(params, described));
                 });
  }

  UseTrigger trigger_;
  std::string name_;
  Use use_;
  std::atomic<int> plans_{0};
};

/// The backend of a trigger, registered when first asked for: the registry keeps its address.
const UseBackend* backend_of(const UseTrigger& trigger) {
  static std::deque<UseBackend> all;
  for (const UseBackend& known : all)
    if (known.label() == trigger.label()) return &known;
  UseBackend& made = all.emplace_back(trigger);
  add_backend(made);
  return &made;
}

/// Verifies the rows of one case of triggers that are still alive.
void try_case(const CaseRows& selected, const std::vector<const UseBackend*>& backends, std::uint64_t seed,
              std::vector<TriggerFate>& fates) {
  const auto fate_of = [&](const Row& row) -> TriggerFate& {
    const auto same = [&](const UseBackend* backend) { return backend->name() == row.backend; };
    return fates[static_cast<std::size_t>(std::find_if(backends.begin(), backends.end(), same) - backends.begin())];
  };
  CaseRows left{selected.bound, {}};
  std::copy_if(selected.rows.begin(), selected.rows.end(), std::back_inserter(left.rows),
               [&](const Row& row) { return !fate_of(row).killed(); });
  if (left.rows.empty()) return;
  const auto no_command = [](const Row&) { return std::string(); };
  verify_case(left, seed, no_command, [&](Row&& row) {
    if (row.verdict == Verdict::failed && !fate_of(row).killed()) fate_of(row).killed_by = row.case_name;
  });
}

}  // namespace

std::vector<UseTrigger> use_triggers(const std::vector<int>& threads) {
  std::vector<UseTrigger> triggers;
  for (const int count : threads)
    triggers.push_back({"threads", fmt::format("{}", count), [=](const Use& use) { return use.threads == count; }});
  triggers.push_back({"plans", "2", [](const Use& use) { return use.plans == 2; }});
  triggers.push_back({"binding", "2", [](const Use& use) { return use.binding == 2; }});
  triggers.push_back({"call", "2", [](const Use& use) { return use.call == 2; }});
  triggers.push_back({"call", "100", [](const Use& use) { return use.call == 100; }});
  triggers.push_back({"host_thread", "new", [](const Use& use) { return !use.on_own_thread; }});
  return triggers;
}

std::vector<TriggerFate> try_use_triggers(const OperatorEntry& op, const SelectionOptions& options,
                                          const std::function<bool(const std::string&)>& wanted,
                                          const std::function<bool()>& stop) {
  std::vector<UseTrigger> triggers = use_triggers(options.threads);
  std::erase_if(triggers, [&](const UseTrigger& trigger) { return !wanted(trigger.label()); });
  std::vector<TriggerFate> fates;
  for (const UseTrigger& trigger : triggers) fates.push_back({{trigger.factor, trigger.level, {}}});
  if (triggers.empty()) return fates;
  std::vector<const UseBackend*> backends;
  for (const UseTrigger& trigger : triggers) backends.push_back(backend_of(trigger));
  SelectionOptions rows = options;
  rows.filters.clear();
  for (const UseBackend* backend : backends)
    rows.filters.push_back(fmt::format("{}/*/{}/{}/*", op.name, backend->name(), name_of(op.instances.front().dtype)));
  Selection selection = select(rows);
  std::stable_sort(selection.cases.begin(), selection.cases.end(),
                   [](const CaseRows& a, const CaseRows& b) { return a.bound->output_bytes < b.bound->output_bytes; });
  for (const CaseRows& selected : selection.cases) {
    if (stop() || killed_of(fates) == fates.size()) break;
    try_case(selected, backends, rows.cases.seed, fates);
  }
  return fates;
}

}  // namespace assay::bench
