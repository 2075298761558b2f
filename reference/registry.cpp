// The list of operators, and finding one by name.
#include "reference/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "reference/attention/detr_joiner.h"
#include "reference/attention/flatten_tokens.h"
#include "reference/attention/multi_scale_deformable_attention.h"
#include "reference/collation/nested_tensor.h"
#include "reference/collation/stack_collate.h"
#include "reference/collation/yolo_collate.h"
#include "reference/masking/mask_downsample.h"
#include "reference/masking/padding_mask.h"
#include "reference/position_encoding/learned_position_encoding.h"
#include "reference/position_encoding/query_position_encoding.h"
#include "reference/position_encoding/sine_position_encoding.h"
#include "reference/sampling/batch_sampler.h"
#include "reference/sampling/distributed_sampler.h"
#include "reference/sampling/random_sampler.h"
#include "reference/sampling/sequential_sampler.h"
#include "reference/sampling/subset_random_sampler.h"
#include "reference/sampling/weighted_random_sampler.h"
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"
#include "reference/set_prediction/generalized_box_iou.h"
#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/set_prediction/matching_cost.h"
#include "reference/set_prediction/postprocess_detections.h"
#include "reference/set_prediction/set_criterion.h"
#include "reference/window_attention/log_position_bias.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/relative_position_index.h"
#include "reference/window_attention/shifted_window_mask.h"
#include "reference/window_attention/window_partition.h"
#include "reference/window_attention/window_reverse.h"
#include "reference/window_attention/window_softmax.h"

namespace assay {
namespace {

std::vector<OperatorEntry> all() {
  return {
      describe<PaddingMask, float>(),
      describe<MaskDownsample, float>(),
      describe<NestedTensor, float, std::uint8_t>(),
      describe<StackCollate, float, std::uint8_t>(),
      describe<YoloCollate, float>(),
      describe<SinePositionEncoding, float>(),
      describe<LearnedPositionEncoding, float>(),
      describe<QueryPositionEncoding, float>(),
      describe<RelativePositionIndex, float>(),
      describe<RelativePositionBias, float>(),
      describe<LogPositionBias, float>(),
      describe<ShiftedWindowMask, float>(),
      describe<WindowPartition, float, std::uint8_t>(),
      describe<WindowReverse, float, std::uint8_t>(),
      describe<WindowSoftmax, float>(),
      describe<FlattenTokens, float, std::uint8_t>(),
      describe<DetrJoiner, float>(),
      describe<MultiScaleDeformableAttention, float>(),
      describe<BoxCxcywhToXyxy, float>(),
      describe<GeneralizedBoxIou, float>(),
      describe<MatchingCost, float>(),
      describe<HungarianAssignment, float>(),
      describe<SetCriterion, float>(),
      describe<PostprocessDetections, float>(),
      describe<SequentialSampler, float>(),
      describe<RandomSampler, float>(),
      describe<SubsetRandomSampler, float>(),
      describe<WeightedRandomSampler, float>(),
      describe<BatchSampler, float>(),
      describe<DistributedSampler, float>(),
  };
}

/// Levenshtein distance.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const OperatorEntry> operators() {
  static const std::vector<OperatorEntry> entries = all();
  return entries;
}

const OperatorEntry& find_operator(std::string_view name) {
  std::vector<std::string_view> names;
  for (const OperatorEntry& op : operators()) {
    if (op.name == name) return op;
    names.push_back(op.name);
  }
  throw InvalidArgument(
      fmt::format("there is no operator {}{}; `assay list operators` shows all", name, nearest_name(name, names)));
}

std::string nearest_name(std::string_view given, std::span<const std::string_view> known) {
  constexpr std::size_t most_edits = 4;  // beyond that a suggestion is noise
  std::size_t fewest = std::min(most_edits, given.size() / 2 + 1);
  std::string_view nearest;
  for (const std::string_view name : known) {
    const std::size_t distance = edits(given, name);
    if (distance < fewest) {
      fewest = distance;
      nearest = name;
    }
  }
  return nearest.empty() ? std::string() : fmt::format(" (did you mean {}?)", nearest);
}

}  // namespace assay
