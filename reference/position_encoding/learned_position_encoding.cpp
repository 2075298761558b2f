// Validation, oracle, cost and cases of learned_position_encoding.
#include "reference/position_encoding/learned_position_encoding.h"

#include <fmt/format.h>

#include "reference/value_classes.h"

namespace assay {
namespace {

using Learned = LearnedPositionEncoding;

/// Extents of a case: of the result, and how many rows each table has.
struct Extents {
  std::int64_t B, H, W, F, R, R_columns;
};

/// DETR draws its tables from 0 to 1 (nn.init.uniform_).
CaseOf<Learned> learned_case(std::string name, std::string source, const Extents& e, Tier tier = Tier::small) {
  return {std::move(name),
          std::move(source),
          {e.B, e.H, e.W},
          {{"row_embed", {e.R, e.F}, Uniform{}}, {"col_embed", {e.R_columns, e.F}, Uniform{}}},
          tier};
}

void check_table(std::string_view extent, std::int64_t asked, std::string_view table, const Shape& shape) {
  if (asked > shape[0])
    reject(Learned::name, fmt::format("{} is {}, but input {} has shape {}: only {} of them are known", extent, asked,
                                      table, to_string(shape), shape[0]));
}

}  // namespace

std::vector<Shape> Learned::infer(const Params& params, const Inputs<double>& in) {
  require_positive(name, "batch", params.batch);
  require_positive(name, "height", params.height);
  require_positive(name, "width", params.width);
  check_table("height", params.height, "row_embed", in.row_embed.shape);
  check_table("width", params.width, "col_embed", in.col_embed.shape);
  return {{params.batch, 2 * in.row_embed.shape[1], params.height, params.width}};
}

void Learned::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape& s = out.encoding.shape;
  const std::int64_t F = in.row_embed.shape[1];
  double* encoding = out.encoding.data;
  for (std::int64_t b = 0; b < s[0]; ++b)
    for (std::int64_t c = 0; c < 2 * F; ++c)
      for (std::int64_t y = 0; y < s[2]; ++y)
        for (std::int64_t x = 0; x < s[3]; ++x)
          *encoding++ = c < F ? in.col_embed.data[x * F + c] : in.row_embed.data[y * F + c - F];
}

/// Of the tables only the rows that are shown need reading.
Cost Learned::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t read = (params.height + params.width) * in.row_embed.shape[1];
  return {static_cast<double>((read + infer(params, in)[0].elements()) * element_bytes), 0};
}

std::vector<CaseOf<Learned>> Learned::cases() {
  const std::string detr = "DETR with --position_embedding learned, tables of 50 rows, on COCO at stride 32";
  constexpr std::int64_t F = 128, rows = 50;
  return {learned_case("coco_pair", detr, {2, 25, 38, F, rows, rows}, Tier::workload),
          learned_case("coco_mixed_b8", detr, {8, 34, 42, F, rows, rows}, Tier::workload),
          learned_case("coco_max", detr, {2, 25, 42, F, rows, rows}, Tier::workload),
          learned_case("whole_tables", "a table read up to its last row", {3, 7, 11, 5, 7, 11}),
          learned_case("tables_of_one_shape", "row_embed taken for col_embed", {3, 5, 8, 6, 13, 13}),
          learned_case("one_cell", "a map of one cell", {2, 1, 1, 3, 4, 2}),
          learned_case("one_row", "a map of one row", {3, 1, 67, 2, 3, 71}),
          learned_case("one_column", "a map of one column", {3, 67, 1, 2, 71, 3}),
          learned_case("one_channel", "one channel for x and one for y", {5, 13, 17, 1, 19, 23})};
}

namespace {

/// A table as long as is asked for, or longer.
std::int64_t table_rows(const Choices& choices, std::string_view extent) {
  constexpr std::int64_t spare[] = {0, 1, 7, 50};
  return choices.extent(extent) + spare[random_bits(derive_key(choices.key(), extent), 0) % std::size(spare)];
}

}  // namespace

Domain Learned::domain() {
  const auto rows = [](const Choices& choices) { return table_rows(choices, "height"); };
  const auto columns = [](const Choices& choices) { return table_rows(choices, "width"); };
  return {.extents = {counts("batch"), extents("height"), extents("width"), extents("F")},
          .fields = {{"row_embed", values::moved(Uniform{})}, {"col_embed", values::moved(Uniform{})}},
          .derived = {{"R", rows}, {"R'", columns}}};
}

}  // namespace assay
