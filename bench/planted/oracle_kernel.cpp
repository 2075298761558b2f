// Running an oracle as a kernel.
#include "bench/planted/oracle_kernel.h"

#include <utility>

#include "bench/verdict/expectation.h"

namespace assay::bench {

TensorPack pack_of(Slots slots) {
  TensorPack pack(slots.size());
  for (std::size_t field = 0; field < slots.size(); ++field)
    pack[field].assign(slots[field].tensors, slots[field].tensors + slots[field].count);
  return pack;
}

namespace {

void run_oracle(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params, Slots inputs,
                Slots outputs) {
  const TensorPack given = pack_of(inputs), widened = widen(instance.inputs, given);
  std::vector<Shape> shapes;
  for (const Slot& output : outputs) shapes.push_back(output.tensors[0].shape);
  const TensorPack truth = evaluate_oracle(op, instance, params, widened.slots(), shapes).outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorRef& to = outputs[i].tensors[0];
    for (std::int64_t element = 0; element < to.shape.elements(); ++element)
      set_value(to, element, value_at(truth[i][0], element));
  }
}

class UnpreparedPlan final : public Plan {
 public:
  UnpreparedPlan(ErasedKernel kernel, Scalars params) : kernel_(std::move(kernel)), params_(std::move(params)) {}
  Invocation bind(Slots inputs, Slots outputs) override {
    return [kernel = kernel_, params = params_, in = pack_of(inputs), out = pack_of(outputs)] {
      kernel(params, in.slots(), out.slots());
    };
  }

 private:
  ErasedKernel kernel_;
  Scalars params_;
};

}  // namespace

ErasedKernel oracle_kernel(const OperatorEntry& op, const OperatorInstance& instance) {
  return [&op, &instance](std::span<const Scalar> params, Slots inputs, Slots outputs) {
    run_oracle(op, instance, params, inputs, outputs);
  };
}

Prepare without_preparation(ErasedKernel kernel) {
  return [kernel = std::move(kernel)](std::span<const Scalar> params, Slots) -> std::unique_ptr<Plan> {
    return std::make_unique<UnpreparedPlan>(kernel, Scalars(params.begin(), params.end()));
  };
}

}  // namespace assay::bench
