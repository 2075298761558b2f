// flatten_tokens as in DETR (models/transformer.py Transformer.forward).
#include "backends/libtorch/tensors.h"
#include "reference/attention/flatten_tokens.h"

namespace assay::libtorch {
namespace {

template <class T>
void flatten_tokens(const FlattenTokens::Params&, const FlattenTokens::Inputs<T>& in,
                    const FlattenTokens::Outputs<T>& out) {
  const NoAutograd guard;
  tensor_of(out.tokens).copy_(tensor_of(in.features).flatten(2).permute({2, 0, 1}));
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<FlattenTokens, float, std::uint8_t>([](const auto&... all) { flatten_tokens(all...); });
});

}  // namespace

}  // namespace assay::libtorch
