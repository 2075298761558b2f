// nested_tensor as in DETR (util/misc.py nested_tensor_from_tensor_list): zeros, then each image copied to the top
// left.
#include "backends/libtorch/tensors.h"
#include "reference/collation/nested_tensor.h"

namespace assay::libtorch {
namespace {

template <class T>
void nested_tensor(const NestedTensor::Params&, const NestedTensor::Inputs<T>& in,
                   const NestedTensor::Outputs<T>& out) {
  const NoAutograd guard;
  const at::Tensor tensors = tensor_of(out.tensors).zero_();
  const at::Tensor mask = tensor_of(out.mask).fill_(true);
  std::int64_t b = 0;
  for (const View<const T>& view : in.images) {
    const at::Tensor image = tensor_of(view);
    const std::int64_t C = image.size(0), height = image.size(1), width = image.size(2);
    tensors.select(0, b).narrow(0, 0, C).narrow(1, 0, height).narrow(2, 0, width).copy_(image);
    mask.select(0, b).narrow(0, 0, height).narrow(1, 0, width).fill_(false);
    ++b;
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
});

}  // namespace

}  // namespace assay::libtorch
