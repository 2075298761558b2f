// flatten_tokens, element by element.
#include "backends/backend.h"
#include "reference/attention/flatten_tokens.h"

namespace assay::scalar {
namespace {

template <class T>
void flatten_tokens(const FlattenTokens::Params&, const FlattenTokens::Inputs<T>& in,
                    const FlattenTokens::Outputs<T>& out) {
  const std::int64_t cells = out.tokens.shape[0], B = out.tokens.shape[1], C = out.tokens.shape[2];
  T* token = out.tokens.data;
  for (std::int64_t cell = 0; cell < cells; ++cell)
    for (std::int64_t b = 0; b < B; ++b)
      for (std::int64_t c = 0; c < C; ++c) *token++ = in.features.data[(b * C + c) * cells + cell];
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<FlattenTokens, float, std::uint8_t>([](const auto&... all) { flatten_tokens(all...); });
});

}  // namespace

}  // namespace assay::scalar
