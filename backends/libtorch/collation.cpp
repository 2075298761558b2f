// nested_tensor as in DETR (util/misc.py nested_tensor_from_tensor_list): zeros, then each image copied to the top
// left. stack_collate as torch's default_collate, and yolo_collate as in PyTorch-YOLOv3 (utils/datasets.py).
#include <vector>

#include "backends/libtorch/tensors.h"
#include "reference/collation/nested_tensor.h"
#include "reference/collation/stack_collate.h"
#include "reference/collation/yolo_collate.h"

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

template <class T>
void stack_collate(const StackCollate::Params&, const StackCollate::Inputs<T>& in,
                   const StackCollate::Outputs<T>& out) {
  const NoAutograd guard;
  std::vector<at::Tensor> samples;
  for (const View<const T>& sample : in.samples) samples.push_back(tensor_of(sample));
  at::Tensor batch = tensor_of(out.batch);
  at::stack_out(batch, samples);
}

/// F.interpolate(image.unsqueeze(0), size=image_size, mode="nearest") of each image, stacked; the targets concatenated,
/// and the number of each image written over its rows.
void yolo_collate(const YoloCollate::Params& params, const YoloCollate::Inputs<float>& in,
                  const YoloCollate::Outputs<float>& out) {
  const NoAutograd guard;
  const std::int64_t S = params.image_size;
  std::vector<at::Tensor> images, targets;
  for (const View<const float>& image : in.images)
    images.push_back(at::upsample_nearest2d(tensor_of(image).unsqueeze(0), {S, S}).squeeze(0));
  for (const View<const float>& own : in.targets) targets.push_back(tensor_of(own));
  at::Tensor all_images = tensor_of(out.images), all_targets = tensor_of(out.targets);
  at::stack_out(all_images, images);
  at::cat_out(all_targets, targets);
  std::int64_t first = 0, b = 0;
  for (const at::Tensor& own : targets) {
    all_targets.narrow(0, first, own.size(0)).select(1, 0).fill_(b++);
    first += own.size(0);
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
  table.add_each<StackCollate, float, std::uint8_t>([](const auto&... all) { stack_collate(all...); });
  table.add<YoloCollate, float>(yolo_collate);
});

}  // namespace

}  // namespace assay::libtorch
