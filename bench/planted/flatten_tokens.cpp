// flatten_tokens with every mistake a port was seen, or is likely, to make.
#include "reference/attention/flatten_tokens.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = FlattenTokens;

/// Element (cell, b, c) of the result, and the extents of the features.
struct Element {
  std::int64_t cell, b, c, B, C, H, W;
  std::int64_t of(std::int64_t image, std::int64_t channel, std::int64_t place) const {
    return (image * C + channel) * H * W + place;
  }
};

/// The replaceable part of the kernel; the default is right.
struct Mistake {
  /// The feature that an element shows.
  std::int64_t (*from)(const Element&) = [](const Element& e) { return e.of(e.b, e.c, e.cell); };
};

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const Shape& s = in.features.shape;
  double* token = out.tokens.data;
  for (std::int64_t cell = 0; cell < s[2] * s[3]; ++cell)
    for (std::int64_t b = 0; b < s[0]; ++b)
      for (std::int64_t c = 0; c < s[1]; ++c)
        *token++ = in.features.data[mistake.from({cell, b, c, s[0], s[1], s[2], s[3]})];
}

/// Element (cell, b, c) counted with the axes in another order.
std::int64_t counted(const Element& e) { return (e.cell * e.B + e.b) * e.C + e.c; }

const Plant<Op> at_any_dtype(
    run,
    {
        wrong("not_permuted", "the view without the permutation", &Mistake::from,
              [](const Element& e) { return counted(e); }),
        wrong("batch_first", "written as [B, H*W, C]", &Mistake::from,
              [](const Element& e) {
                const std::int64_t token = counted(e) / e.C, cells = e.H * e.W;
                return e.of(token / cells, e.c, token % cells);
              }),
        wrong("channels_before_batch", "written as [H*W, C, B]", &Mistake::from,
              [](const Element& e) {
                const std::int64_t within = e.b * e.C + e.c;
                return e.of(within % e.B, within / e.B, e.cell);
              }),
        wrong("columns_first", "cells down columns", &Mistake::from,
              [](const Element& e) { return e.of(e.b, e.c, e.cell % e.H * e.W + e.cell / e.H); }),
        wrong("first_image", "the first image for all", &Mistake::from,
              [](const Element& e) { return e.of(0, e.c, e.cell); }),
        wrong("image_before", "the image before", &Mistake::from,
              [](const Element& e) { return e.of((e.b + e.B - 1) % e.B, e.c, e.cell); }),
        wrong("rows_reversed", "rows from the bottom", &Mistake::from,
              [](const Element& e) { return e.of(e.b, e.c, (e.H - 1 - e.cell / e.W) * e.W + e.cell % e.W); }),
        wrong("channels_last", "features read as [B, H, W, C]", &Mistake::from,
              [](const Element& e) { return (e.b * e.H * e.W + e.cell) * e.C + e.c; }),
        // a tile's tail
        wrong("whole_tiles", "the cells past the last whole tile show that tile's last", &Mistake::from,
              [](const Element& e) {
                const std::int64_t whole = e.H * e.W / vector_lanes * vector_lanes;
                return e.of(e.b, e.c, whole > 0 ? std::min(e.cell, whole - 1) : e.cell);
              }),
        wrong("channels_in_8_bits", "channels counted in 8 bits", &Mistake::from,
              [](const Element& e) { return e.of(e.b, e.c % 256, e.cell); }),
    },
    {
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        zeros_stale(),
        overrun("tokens"),
        overread("features"),
        input_changed("features"),
    },
    {.dtypes = {DType::f32, DType::u8}});

const Plant<Op> at_f32(run, {},
                       {
                           output("plus_zero", "0 added: -0 is lost", "tokens", plus_zero),
                           output("flushed", "subnormal values flushed to 0", "tokens", flushed),
                           output("finite", "infinite values made finite", "tokens", finite),
                           rounded_input("features"),
                       },
                       {.dtypes = {DType::f32}, .suffix = "_f32"});

const Plant<Op> at_u8(run, {},
                      {
                          output("signed", "u8 taken for signed bytes: saturates at 127", "tokens",
                                 [](double value) { return std::min(value, 127.0); }),
                      },
                      {.dtypes = {DType::u8}, .suffix = "_u8"});

}  // namespace
}  // namespace assay::bench::planted
