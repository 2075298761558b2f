// box_cxcywh_to_xyxy with every mistake a port was seen, or is likely, to make.
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"

#include <algorithm>
#include <array>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = BoxCxcywhToXyxy;
using Numbers = std::array<double, 4>;  ///< of a box

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Numbers (*read)(Numbers) = [](Numbers box) { return box; };
  Numbers (*corners)(Numbers) = [](Numbers b) {
    return Numbers{b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2};
  };
  Numbers (*write)(Numbers) = [](Numbers c) { return c; };
};

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  for (std::int64_t i = 0; i < in.boxes.shape[0]; ++i) {
    Numbers box{};
    std::copy_n(in.boxes.data + 4 * i, 4, box.begin());
    const Numbers corners = mistake.write(mistake.corners(mistake.read(box)));
    std::copy_n(corners.begin(), 4, out.boxes.data + 4 * i);
  }
}

const Plant<Op> plant(run,
                      {
                          wrong("swapped_extents", "width and height swapped", &Mistake::read,
                                [](Numbers b) {
                                  return Numbers{b[0], b[1], b[3], b[2]};
                                }),
                          wrong("swapped_centre", "cx and cy swapped", &Mistake::read,
                                [](Numbers b) {
                                  return Numbers{b[1], b[0], b[2], b[3]};
                                }),
                          wrong("absolute", "negative extents taken without their sign", &Mistake::read,
                                [](Numbers b) {
                                  return Numbers{b[0], b[1], std::abs(b[2]), std::abs(b[3])};
                                }),
                          wrong("no_half", "the whole extent on either side", &Mistake::corners,
                                [](Numbers b) {
                                  return Numbers{b[0] - b[2], b[1] - b[3], b[0] + b[2], b[1] + b[3]};
                                }),
                          wrong("top_left", "the centre taken for the top left corner", &Mistake::corners,
                                [](Numbers b) {
                                  return Numbers{b[0], b[1], b[0] + b[2], b[1] + b[3]};
                                }),
                          wrong("inverse", "corners to centre and size", &Mistake::corners,
                                [](Numbers b) {
                                  return Numbers{(b[0] + b[2]) / 2, (b[1] + b[3]) / 2, b[2] - b[0], b[3] - b[1]};
                                }),
                          wrong("plus_one", "extents counted in pixels: 1 less", &Mistake::corners,
                                [](Numbers b) {
                                  return Numbers{b[0] - (b[2] - 1) / 2, b[1] - (b[3] - 1) / 2, b[0] + (b[2] - 1) / 2,
                                                 b[1] + (b[3] - 1) / 2};
                                }),
                          wrong("high_first", "the high corner first", &Mistake::write,
                                [](Numbers c) {
                                  return Numbers{c[2], c[3], c[0], c[1]};
                                }),
                          wrong("yxyx", "y before x", &Mistake::write,
                                [](Numbers c) {
                                  return Numbers{c[1], c[0], c[3], c[2]};
                                }),
                          wrong("xxyy", "both x, then both y", &Mistake::write,
                                [](Numbers c) {
                                  return Numbers{c[0], c[2], c[1], c[3]};
                                }),
                          wrong("clamped", "corners clamped to the image", &Mistake::write,
                                [](Numbers c) {
                                  for (double& corner : c) corner = std::clamp(corner, 0.0, 1.0);
                                  return c;
                                }),
                          wrong("whole_pixels", "corners rounded to 1/1000", &Mistake::write,
                                [](Numbers c) {
                                  for (double& corner : c) corner = std::round(corner * 1000) / 1000;
                                  return c;
                                }),
                      },
                      {
                          output_from("columns", "written column by column", "boxes", first_axis_innermost),
                          input_from("columns_read", "read column by column", "boxes", innermost_axis_first),
                          input_from("first_box", "the first box for all", "boxes", first_slice),
                          input("infinity_finite", "infinity taken as the largest number", "boxes", finite),
                          rounded_input("boxes"),
                          output("corners_tf32", "corners in TF32", "boxes", tf32),
                          output("corners_half", "corners in float16", "boxes", half),
                          output("corners_bfloat16", "corners in bfloat16", "boxes", bfloat16),
                          last_image_stale(),
                          last_column_stale(),
                          tail_stale(),
                          overrun("boxes"),
                          overread("boxes"),
                          input_changed("boxes"),
                      });

}  // namespace
}  // namespace assay::bench::planted
