// learned_position_encoding with every mistake a port was seen, or is likely, to make.
#include "reference/position_encoding/learned_position_encoding.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = LearnedPositionEncoding;

/// An element of the result, with the extents.
struct Element {
  std::int64_t b, c, y, x, B, H, W, F;
};
/// Which table it comes from, and where.
struct Entry {
  bool is_x;
  std::int64_t row, channel;
};
Entry right_entry(Element e) { return e.c < e.F ? Entry{true, e.x, e.c} : Entry{false, e.y, e.c - e.F}; }

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Entry (*entry)(Element) = right_entry;
  /// Where an entry lies in its table [rows, F].
  std::int64_t (*place)(Entry, std::int64_t rows, std::int64_t F) = [](Entry from, std::int64_t, std::int64_t F) {
    return from.row * F + from.channel;
  };
  /// Where an element goes.
  std::int64_t (*layout)(Element) = [](Element e) { return ((e.b * 2 * e.F + e.c) * e.H + e.y) * e.W + e.x; };
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t B = params.batch, H = params.height, W = params.width, F = in.row_embed.shape[1];
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t c = 0; c < 2 * F; ++c)
      for (std::int64_t y = 0; y < H; ++y)
        for (std::int64_t x = 0; x < W; ++x) {
          const Element element{b, c, y, x, B, H, W, F};
          const Entry entry = mistake.entry(element);
          const View<const double>& table = entry.is_x ? in.col_embed : in.row_embed;
          const std::int64_t elements = table.shape.elements();
          // wrapped round, so that a wrong place is still one of the table
          const std::int64_t place = (mistake.place(entry, table.shape[0], F) % elements + elements) % elements;
          out.encoding.data[mistake.layout(element)] = table.data[place];
        }
}

const Plant<Op> plant(run,
                      {
                          wrong("y_first", "y then x, as the sine encoding has it", &Mistake::entry,
                                [](Element e) {
                                  e.c = (e.c + e.F) % (2 * e.F);
                                  return right_entry(e);
                                }),
                          wrong("axes_swapped", "col_embed by y and row_embed by x", &Mistake::entry,
                                [](Element e) {
                                  std::swap(e.y, e.x);
                                  return right_entry(e);
                                }),
                          wrong("tables_swapped", "row_embed taken for col_embed", &Mistake::entry,
                                [](Element e) {
                                  Entry entry = right_entry(e);
                                  entry.is_x = !entry.is_x;
                                  return entry;
                                }),
                          wrong("x_alone", "x in both halves", &Mistake::entry,
                                [](Element e) {
                                  e.c %= e.F;
                                  return right_entry(e);
                                }),
                          wrong("interleaved", "channels of x and y interleaved", &Mistake::entry,
                                [](Element e) {
                                  return Entry{e.c % 2 == 0, e.c % 2 == 0 ? e.x : e.y, e.c / 2};
                                }),
                          wrong("one_based", "rows counted from 1", &Mistake::entry,
                                [](Element e) {
                                  e.y += 1, e.x += 1;
                                  return right_entry(e);
                                }),
                          wrong("backwards", "rows and columns counted from the end", &Mistake::entry,
                                [](Element e) {
                                  e.y = e.H - 1 - e.y, e.x = e.W - 1 - e.x;
                                  return right_entry(e);
                                }),
                          wrong("first_row", "the first row's vector for all", &Mistake::entry,
                                [](Element e) {
                                  e.y = 0;
                                  return right_entry(e);
                                }),
                          wrong("by_image", "another vector for each image", &Mistake::entry,
                                [](Element e) {
                                  e.y += e.b;
                                  return right_entry(e);
                                }),
                          wrong("at_50_rows", "positions scaled to tables of 50 rows", &Mistake::entry,
                                [](Element e) {
                                  e.y = e.y * 50 / e.H, e.x = e.x * 50 / e.W;
                                  return right_entry(e);
                                }),
                          wrong("channel_major", "tables read with a row for each channel", &Mistake::place,
                                [](Entry entry, auto rows, auto) { return entry.channel * rows + entry.row; }),
                          wrong("stride_2F", "rows 2F apart", &Mistake::place,
                                [](Entry entry, auto, auto F) { return entry.row * 2 * F + entry.channel; }),
                          wrong("from_the_last", "the last rows of a table instead of the first", &Mistake::place,
                                [](Entry entry, auto rows, auto F) {
                                  return (rows - 1 - entry.row) * F + entry.channel;
                                }),
                          wrong("channels_last", "written as B H W 2F", &Mistake::layout,
                                [](Element e) { return ((e.b * e.H + e.y) * e.W + e.x) * 2 * e.F + e.c; }),
                          wrong("width_before_height", "written as B 2F W H", &Mistake::layout,
                                [](Element e) { return ((e.b * 2 * e.F + e.c) * e.W + e.x) * e.H + e.y; }),
                          wrong("channels_first", "written as 2F B H W", &Mistake::layout,
                                [](Element e) { return ((e.c * e.B + e.b) * e.H + e.y) * e.W + e.x; }),
                      },
                      {
                          output("plus_zero", "0 added: -0 is lost", "encoding", plus_zero),
                          output("flushed", "subnormal values flushed to 0", "encoding", flushed),
                          output("finite", "infinite values made finite", "encoding", finite),
                          rounded_output("encoding"),
                          last_image_stale(),
                          last_column_stale(),
                          tail_stale(),
                          zeros_stale(),
                          overrun("encoding"),
                          overread("col_embed"),
                          input_changed("row_embed"),
                      });

}  // namespace
}  // namespace assay::bench::planted
