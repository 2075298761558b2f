// stack_collate with every mistake a port was seen, or is likely, to make.
#include "reference/collation/stack_collate.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = StackCollate;

/// An element of the batch: of sample b of B, element i of n.
struct Element {
  std::int64_t b, B, i, n;
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  /// Which sample stands in the place of sample b.
  std::int64_t (*sample)(std::int64_t b, std::int64_t B) = [](std::int64_t b, std::int64_t) { return b; };
  /// Which of its elements stands in the place of element i.
  std::int64_t (*element)(const Shape& sample, std::int64_t i) = [](const Shape&, std::int64_t i) { return i; };
  /// Where it goes.
  std::int64_t (*place)(Element) = [](Element e) { return e.b * e.n + e.i; };
};

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const auto B = std::ssize(in.samples);
  const std::int64_t all = out.batch.shape.elements(), n = all / B;
  std::fill_n(out.batch.data, all, 0.0);  // what a wrong layout leaves out is zero
  for (std::int64_t b = 0; b < B; ++b) {
    const View<const double>& sample = in.samples[static_cast<std::size_t>(mistake.sample(b, B))];
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t place = mistake.place({b, B, i, n});
      if (place < all) out.batch.data[place] = sample.data[mistake.element(sample.shape, i)];
    }
  }
}

/// Samples of rank 2 and more; of others an element stays where it is.
template <Place place>
std::int64_t of_planes(const Shape& sample, std::int64_t i) {
  return sample.rank() < 2 ? i : place(sample, i);
}

const Plant<Op> at_any_dtype(
    run,
    {
        wrong("first_for_all", "the first sample for all", &Mistake::sample,
              [](auto, auto) { return std::int64_t{0}; }),
        wrong("last_for_all", "the last sample for all: a pointer taken after the loop", &Mistake::sample,
              [](auto, auto B) { return B - 1; }),
        wrong("reversed", "samples in reverse", &Mistake::sample, [](auto b, auto B) { return B - 1 - b; }),
        wrong("pairs_swapped", "every two samples swapped", &Mistake::sample,
              [](auto b, auto B) { return std::min(b ^ 1, B - 1); }),
        wrong("number_in_8_bits", "a sample's number kept in 8 bits", &Mistake::sample,
              [](auto b, auto) { return b % 256; }),
        wrong("one_before", "the sample before, the first its own", &Mistake::sample,
              [](auto b, auto) { return std::max<std::int64_t>(b - 1, 0); }),
        wrong("last_axis", "stacked along a new last axis", &Mistake::place, [](Element e) { return e.i * e.B + e.b; }),
        wrong("whole_vectors", "samples as far apart as whole vectors are", &Mistake::place,
              [](Element e) { return e.b * ((e.n + vector_lanes - 1) / vector_lanes * vector_lanes) + e.i; }),
        wrong("one_apart", "samples one element too close", &Mistake::place,
              [](Element e) { return e.b * std::max<std::int64_t>(e.n - 1, 1) + e.i; }),
        wrong("channels_last", "channels read as the innermost axis", &Mistake::element,
              of_planes<first_axis_innermost>),
        wrong("channels_reversed", "channels reversed", &Mistake::element, of_planes<first_axis_reversed>),
        wrong("transposed", "rows and columns swapped", &Mistake::element, of_planes<last_axes_swapped>),
    },
    {
        output("scaled", "pixels divided by 255", "batch", [](double pixel) { return pixel / 255; }),
        zeros_stale(),
        last_image_stale(),
        tail_stale(),
        overrun("batch"),
        overread("samples"),
        input_changed("samples"),
    },
    {.dtypes = {DType::f32, DType::u8}});

const Plant<Op> at_f32(run, {},
                       {
                           output("plus_zero", "0 added to elements: -0 is lost", "batch", plus_zero),
                           output("flushed", "subnormal elements flushed to 0", "batch", flushed),
                           output("finite", "infinite elements made finite", "batch", finite),
                           rounded_input("samples"),
                       },
                       {.dtypes = {DType::f32}, .suffix = "_f32"});

const Plant<Op> at_u8(run, {},
                      {
                          output("signed", "u8 taken for signed bytes: saturates at 127", "batch",
                                 [](double pixel) { return std::min(pixel, 127.0); }),
                          output("and_back", "u8 over 255 in float16 and back, cut off", "batch",
                                 [](double pixel) { return std::floor(half(pixel / 255) * 255); }),
                      },
                      {.dtypes = {DType::u8}, .suffix = "_u8"});

}  // namespace
}  // namespace assay::bench::planted
