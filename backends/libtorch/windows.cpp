// shifted_window_mask, window_partition and window_reverse as in Swin (models/swin_transformer.py).
#include "backends/libtorch/tensors.h"
#include "reference/window_attention/shifted_window_mask.h"
#include "reference/window_attention/window_partition.h"
#include "reference/window_attention/window_reverse.h"

namespace assay::libtorch {
namespace {

/// [B, H, W, C] seen as [B, H/Wh, W/Ww, Wh, Ww, C], without a copy.
at::Tensor windows_of(const at::Tensor& x, std::int64_t Wh, std::int64_t Ww) {
  const std::int64_t B = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3);
  return x.view({B, H / Wh, Wh, W / Ww, Ww, C}).permute({0, 1, 3, 2, 4, 5});
}

/// The three slices of an axis: [0, −window), [−window, −shift), [−shift, end); without a shift the last one is all.
void number_regions(const at::Tensor& axis, std::int64_t window, std::int64_t shift) {
  const std::int64_t extent = axis.size(0);
  axis.zero_();
  if (shift == 0) return;
  axis.narrow(0, extent - window, window).fill_(1);
  axis.narrow(0, extent - shift, shift).fill_(2);
}

void shifted_window_mask(const ShiftedWindowMask::Params& params, const ShiftedWindowMask::Inputs<float>&,
                         const ShiftedWindowMask::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor mask = tensor_of(out.mask);
  const std::int64_t Wh = params.window_h, Ww = params.window_w;
  const at::Tensor h = at::empty({params.height}, mask.options()), w = at::empty({params.width}, mask.options());
  number_regions(h, Wh, params.shift_h);
  number_regions(w, Ww, params.shift_w);
  const at::Tensor img_mask = (h.unsqueeze(1) * 3 + w).view({1, params.height, params.width, 1});
  const at::Tensor mask_windows = windows_of(img_mask, Wh, Ww).reshape({-1, Wh * Ww});
  const at::Tensor apart = mask_windows.unsqueeze(1) != mask_windows.unsqueeze(2);  // [nW, N, N]
  mask.zero_().masked_fill_(apart, params.fill);
}

template <class T>
void window_partition(const WindowPartition::Params& params, const WindowPartition::Inputs<T>& in,
                      const WindowPartition::Outputs<T>& out) {
  const NoAutograd guard;
  at::Tensor x = tensor_of(in.x);
  if (params.shift_h > 0 || params.shift_w > 0) x = at::roll(x, {-params.shift_h, -params.shift_w}, {1, 2});
  const at::Tensor windows = windows_of(x, params.window_h, params.window_w);
  tensor_of(out.windows).view(windows.sizes()).copy_(windows);
}

template <class T>
void window_reverse(const WindowReverse::Params& params, const WindowReverse::Inputs<T>& in,
                    const WindowReverse::Outputs<T>& out) {
  const NoAutograd guard;
  at::Tensor x = tensor_of(out.x);
  const at::Tensor windows = tensor_of(in.windows);
  const std::int64_t Wh = params.window_h, Ww = params.window_w;
  if (params.shift_h == 0 && params.shift_w == 0) {
    const at::Tensor to = windows_of(x, Wh, Ww);
    to.copy_(windows.view(to.sizes()));
    return;
  }
  const at::Tensor shifted =
      windows.view({x.size(0), params.height / Wh, params.width / Ww, Wh, Ww, x.size(3)}).permute({0, 1, 3, 2, 4, 5});
  at::roll_out(x, shifted.reshape(x.sizes()), {params.shift_h, params.shift_w}, {1, 2});
}

const Kernels kernels([](KernelTable& table) {
  table.add<ShiftedWindowMask, float>(shifted_window_mask);
  table.add_each<WindowPartition, float, std::uint8_t>([](const auto&... all) { window_partition(all...); });
  table.add_each<WindowReverse, float, std::uint8_t>([](const auto&... all) { window_reverse(all...); });
});

}  // namespace

}  // namespace assay::libtorch
