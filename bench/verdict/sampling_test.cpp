// Sampled truth, with limits so low that small cases are sampled: which slices there are, that their truth is that of
// the whole case, and what a verdict by them sees and does not see.
#include "bench/verdict/sampling.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <set>

#include "bench/verdict/referee.h"
#include "reference/masking/padding_mask.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using Padding = PaddingMask;

constexpr SampleLimits whole{std::numeric_limits<double>::infinity(), 1};

BoundCase bound_case(const OperatorEntry& op, const OperatorInstance& instance, Case made) {
  BoundCase bound{&op, &instance, made.name, made.source, made.tier, made.params, made.inputs, nullptr, 0};
  const TensorPack inputs = bound.inputs(1, 0);
  bound.output_shapes = infer(op, instance, bound.params, inputs.slots());
  return bound;
}

BoundCase drawn(std::string_view op, std::string_view name) {
  const OperatorEntry& entry = find_operator(op);
  return bound_case(entry, entry.instances.front(), make_case(entry, choices_of(entry, name), 1));
}

/// A case of which only the shapes of the outputs exist.
BoundCase only_shapes(std::string_view op, std::vector<Shape> outputs) {
  BoundCase bound;
  bound.op = &find_operator(op);
  bound.instance = &bound.op->instances.front();
  bound.output_shapes = std::move(outputs);
  return bound;
}

// ---- which slices ----

TEST(Sampling, TakesTheSlicesWhere32BitsEnd) {
  // 2,166,375,987 cells: element and byte 2³¹ lie in slice 127
  const BoundCase mask = only_shapes("padding_mask", {{129, 4097, 4099}});
  const std::optional<Sample> sample = choose_sample(mask, 1, {});
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->axis, "B");
  EXPECT_EQ(sample->extent, 129);
  EXPECT_THAT(sample->slices, IsSupersetOf({0, 127, 128}));
  EXPECT_EQ(describe(summary_of(*sample)), "4 of 129 slices along B held against the truth");
  // 4,362,076,160 bytes: byte 2³¹ lies in slice 32, byte 2³² in slice 64, and there is no element 2³¹
  const BoundCase sine = only_shapes("sine_position_encoding", {{65, 256, 64, 1024}});
  EXPECT_THAT(choose_sample(sine, 1, {1, 1 << 27})->slices, IsSupersetOf({0, 32, 64}));
}

TEST(Sampling, FillsTheBudgetWithSlicesThatTheSeedChooses) {
  const BoundCase bound = only_shapes("padding_mask", {{1000, 10, 10}});
  const auto slices = [&](std::uint64_t seed) { return choose_sample(bound, seed, {0, 5000})->slices; };
  EXPECT_EQ(slices(1), slices(1));
  EXPECT_NE(slices(1), slices(2));
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const std::vector<std::int64_t> chosen = slices(seed);
    EXPECT_LE(chosen.size(), 50U);
    EXPECT_GT(chosen.size(), 45U);
    EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
    EXPECT_EQ(std::adjacent_find(chosen.begin(), chosen.end()), chosen.end());
    EXPECT_EQ(chosen.front(), 0);
    EXPECT_EQ(chosen.back(), 999);
  }
}

TEST(Sampling, TakesOneSliceAtLeastAndTheWholeWhereAllFit) {
  const BoundCase bound = only_shapes("padding_mask", {{3, 10, 10}});
  EXPECT_THAT(choose_sample(bound, 1, {99, 1})->slices, ElementsAre(2));
  EXPECT_THAT(choose_sample(bound, 1, {299, 1})->slices, ElementsAre(0, 2)) << "as many telling ones as may be whole";
  EXPECT_FALSE(choose_sample(bound, 1, {300, 1})) << "no more elements than the limit";
  EXPECT_FALSE(choose_sample(bound, 1, {299, 300})) << "all slices are within the budget";
  EXPECT_FALSE(choose_sample(only_shapes("padding_mask", {{1, 10, 10}}), 1, {0, 1})) << "there is one slice";
}

TEST(Sampling, NeedsAnIndependentAxis) {
  EXPECT_FALSE(choose_sample(only_shapes("relative_position_index", {{100, 100}}), 1, {0, 1}));
}

// ---- the truth of slices ----

/// The sampled slices of a whole truth, as bytes.
std::vector<std::byte> slices_of(FieldInfo field, const TensorRef& truth, const Sample& sample) {
  field.dtype = truth.dtype;
  TensorPack pack;
  const TensorRef part = new_host_tensor(pack, truth.dtype, sampled_shape(field, truth.shape, sample));
  gather(field, truth.shape, sample, part, [&](std::byte* to, std::size_t offset, std::size_t bytes) {
    std::memcpy(to, static_cast<const std::byte*>(truth.data) + offset, bytes);
  });
  const auto* bytes = static_cast<const std::byte*>(part.data);
  return {bytes, bytes + bytes_of(part)};
}

std::vector<std::byte> bytes_in(const TensorRef& tensor) {
  const auto* bytes = static_cast<const std::byte*>(tensor.data);
  return {bytes, bytes + bytes_of(tensor)};
}

/// Whether the oracle gives sampled slices the values and scales that they have in the whole truth.
void expect_same_truth(const BoundCase& bound, std::int64_t& compared) {
  const Expectation all = expect(bound, 1, 0, whole);
  double elements = 0;
  for (const Shape& shape : all.shapes) elements += static_cast<double>(shape.elements());
  const Expectation some = expect(bound, 1, 0, {0, elements / 2});
  if (!some.sample) return;
  EXPECT_EQ(some.shapes, all.shapes);
  EXPECT_EQ(some.cost.bytes, all.cost.bytes);
  for (std::size_t i = 0; i < all.shapes.size(); ++i) {
    const FieldInfo& field = bound.instance->outputs[i];
    const TensorRef part = some.truth.outputs[i][0];
    EXPECT_EQ(part.shape, sampled_shape(field, all.shapes[i], *some.sample));
    EXPECT_EQ(bytes_in(part), slices_of(field, all.truth.outputs[i][0], *some.sample)) << bound.name;
    if (!field.bound) continue;
    std::vector<double> scale = all.truth.scale[i], part_scale = some.truth.scale[i];
    EXPECT_EQ(bytes_in({part_scale.data(), DType::f64, part.shape}),
              slices_of(field, {scale.data(), DType::f64, all.shapes[i]}, *some.sample));
  }
  ++compared;
}

/// For every operator that names an independent axis: it is one.
TEST(Sampling, TheTruthOfSlicesIsThatOfTheWholeCase) {
  for (const OperatorEntry& op : operators()) {
    if (op.domain->independent.empty()) continue;
    std::int64_t compared = 0;
    for (const Case& made : random_cases(op, 5, 24))
      for (const OperatorInstance& instance : op.instances) expect_same_truth(bound_case(op, instance, made), compared);
    EXPECT_GE(compared, 8) << op.name;
  }
}

TEST(Sampling, IsAdmittedByItsSlices) {
  const BoundCase bound = drawn("window_softmax", "drawn:B=2,nW=3,heads=17,N=8");
  const Expectation some = expect(bound, 1, 0, {0, 2000});
  ASSERT_TRUE(some.sample);
  EXPECT_EQ(some.invalid, "");
  EXPECT_THAT(some.told_apart, IsSupersetOf({"zeros", "a constant", "a copy of an input", "the truth transposed",
                                             "the truth without the inputs' last entries"}));
}

// ---- verdicts ----

/// What a kernel of padding_mask does beside the right thing, once its result is there.
using Mischief = std::function<void(const Padding::Outputs<float>& out, int call)>;

class MaskBackend final : public HostBackend {
 public:
  explicit MaskBackend(Mischief mischief) {
    kernels_.add<Padding, float>(
        [this, mischief](const Padding::Params&, const Padding::Inputs<float>& in, const Padding::Outputs<float>& out) {
          const Shape& s = out.mask.shape;
          for (std::int64_t b = 0; b < s[0]; ++b)
            for (std::int64_t y = 0; y < s[1] && b != untouched; ++y) {
              bool* row = out.mask.data + (b * s[1] + y) * s[2];
              const std::int64_t shown = y < in.sizes.data[2 * b] ? in.sizes.data[2 * b + 1] : 0;
              std::fill(row, row + shown, false);
              std::fill(row + shown, row + s[2], true);
            }
          mischief(out, calls++);
        });
  }
  std::string_view name() const override { return "mischievous"; }
  std::string_view description() const override { return "a backend under test"; }
  Claims claims() const override { return {}; }
  std::int64_t untouched = -1;  ///< an image that is never written
  int calls = 0;
};

class SampledVerdicts : public testing::Test {
 protected:
  SampledVerdicts() : bound_(drawn("padding_mask", "drawn:B=33,H=7,W=9")) {
    // 3 of 33 slices: the first, the last, and one that the seed chooses
    expected_ = expect(bound_, 1, 0, {0, 3.5 * 63});
  }

  Row verify(MaskBackend& backend) {
    Row row;
    row.backend = backend.name();
    Trial trial(bound_, backend, 1, expected_.shapes);
    Referee(bound_, expected_).verify(trial, row);
    return row;
  }
  Row verify(Mischief mischief) {
    MaskBackend backend(std::move(mischief));
    return verify(backend);
  }
  std::int64_t unsampled() const {
    const auto& slices = expected_.sample->slices;
    std::int64_t slice = 1;
    while (std::find(slices.begin(), slices.end(), slice) != slices.end()) ++slice;
    return slice;
  }

  BoundCase bound_;
  Expectation expected_;
};

TEST_F(SampledVerdicts, ARightKernelPassesAndItsRowSaysHowMuchWasCompared) {
  ASSERT_TRUE(expected_.sample);
  EXPECT_EQ(expected_.sample->slices.size(), 3U);
  const Row row = verify([](const auto&, int) {});
  EXPECT_EQ(row.verdict, Verdict::passed) << row.reason;
  ASSERT_TRUE(row.sampled);
  EXPECT_EQ(*row.sampled, (SampledSlices{"B", 3, 33}));
  EXPECT_EQ(row.outputs.at(0).elements, 3 * 63);
  EXPECT_EQ(row.outputs.at(0).shape, (Shape{33, 7, 9}));
}

TEST_F(SampledVerdicts, AWrongElementOfASampledSliceFailsByItsPlaceInTheWhole) {
  for (const std::int64_t slice : expected_.sample->slices) {
    const Row row = verify([&](const auto& out, int) {
      bool& cell = out.mask.data[slice * 63 + 2 * 9 + 5];
      cell = !cell;
    });
    EXPECT_EQ(row.verdict, Verdict::failed);
    EXPECT_THAT(row.reason,
                HasSubstr(fmt::format("1 of 189 elements of mask are wrong; the first: mask[{}, 2, 5] is", slice)));
    ASSERT_TRUE(row.outputs.at(0).worst);
    EXPECT_EQ(row.outputs.at(0).worst->index, (Shape{slice, 2, 5}));
  }
}

/// What sampling costs. Another seed samples other slices.
TEST_F(SampledVerdicts, AWrongElementOfNoSampledSliceIsNotSeen) {
  const std::int64_t slice = unsampled();
  const auto wrong = [&](const auto& out, int) { out.mask.data[slice * 63] = !out.mask.data[slice * 63]; };
  EXPECT_EQ(verify(wrong).verdict, Verdict::passed);
  std::set<Verdict> seen;
  for (std::uint64_t seed = 1; seed < 60; ++seed) {
    expected_ = expect(bound_, seed, 0, {0, 3.5 * 63});
    seen.insert(verify(wrong).verdict);
  }
  EXPECT_EQ(seen.count(Verdict::failed), 1U);
}

TEST_F(SampledVerdicts, AnElementThatDiffersBetweenRunsFailsWhereverItLies) {
  const Row row = verify([&](const auto& out, int call) { out.mask.data[unsampled() * 63] = call % 2 == 0; });
  EXPECT_EQ(row.verdict, Verdict::failed);
  EXPECT_EQ(row.reason, "output mask has other bits when run again on the same inputs");
}

TEST_F(SampledVerdicts, ASliceThatIsNeverWrittenFails) {
  MaskBackend backend([](const auto&, int) {});
  backend.untouched = unsampled();
  const Row row = verify(backend);
  EXPECT_EQ(row.verdict, Verdict::failed);
  EXPECT_EQ(row.reason, "output mask has other bits when run again on the same inputs");
}

TEST_F(SampledVerdicts, OtherValuesAreSampledAlike) {
  const BoundCase bound = drawn("mask_downsample", "drawn:B=17,H=7,W=9,out_height=3,out_width=4,mask=holes");
  const Expectation expected = expect(bound, 1, 0, {0, 30});
  const std::optional<Expectation> varied = expect_varied(bound, expected);
  ASSERT_TRUE(varied);
  ASSERT_TRUE(varied->sample);
  EXPECT_EQ(varied->sample->slices, expected.sample->slices);
  EXPECT_EQ(varied->truth.outputs[0][0].shape, expected.truth.outputs[0][0].shape);
}

// ---- memory ----

TEST(SampledMemory, IsThatOfTheSlices) {
  const BoundCase mask = drawn("padding_mask", "drawn:B=33,H=7,W=9");
  const Sample three{"B", 33, {0, 5, 32}};
  // 33 sizes of two int64, of which three are sampled; a byte for each of 63 cells, and nothing to leave out of sizes
  EXPECT_EQ(bytes_for_truth(mask), 33 * 16 + 33 * 63);
  EXPECT_EQ(bytes_for_truth(mask, three), 33 * 16 + 3 * 16 + 3 * 63);
  EXPECT_EQ(bytes_for_trial(mask, three), 2 * 33 * 16 + 2 * 33 * 63 + 2 * 3 * 63);
  const BoundCase images = drawn("nested_tensor", "drawn:B=3,C=1,H=5,W=4,images.shapes=equal");
  const Sample one{"B", 3, {2}};
  // images of 20 floats, widened to doubles; canvas and mask; all but the whole inputs once more without last entries
  EXPECT_EQ(bytes_for_truth(images, one), 3 * 80 + 80 + (160 + 20 * 8 + 20) + 80 + (160 + 20 * 8 + 20));
}

TEST(SampledMemory, LargeResultsOnTheHostAreNotCopied) {
  const BoundCase small = only_shapes("padding_mask", {{1, 1 << 13, 1 << 13}});
  const BoundCase large = only_shapes("padding_mask", {{1, (1 << 13) + 1, 1 << 13}});
  EXPECT_EQ(bytes_for_trial(small), 4.0 * (1 << 26));
  EXPECT_EQ(bytes_for_trial(large), 2.0 * ((1 << 26) + (1 << 13)));
  EXPECT_EQ(bytes_for_trial(large, std::nullopt, false), 4.0 * ((1 << 26) + (1 << 13))) << "a device's must be";
}

/// 67 MB and one row more, so that they are judged where they lie.
TEST(SampledMemory, ResultsThatAreNotCopiedAreJudgedAllTheSame) {
  const BoundCase bound = drawn("padding_mask", "drawn:B=1,H=8193,W=8192,sizes=mixed");
  const Expectation expected = expect(bound, 1, 0);
  ASSERT_FALSE(expected.sample);
  const auto verify = [&](Mischief mischief) {
    MaskBackend backend(std::move(mischief));
    Row row;
    row.tier = Tier::large;
    Trial trial(bound, backend, 1, expected.shapes);
    Referee(bound, expected).verify(trial, row);
    return row;
  };
  EXPECT_EQ(verify([](const auto&, int) {}).verdict, Verdict::passed);
  const Row row = verify([](const auto& out, int) {
    bool& last = out.mask.data[out.mask.shape.elements() - 1];
    last = !last;
  });
  EXPECT_EQ(row.verdict, Verdict::failed);
  EXPECT_THAT(row.reason, HasSubstr("1 of 67117056 elements of mask are wrong; the first: mask[0, 8192, 8191] is"));
}

TEST(SampledMemory, WithoutRoomForASliceACaseIsUnavailableWithBothNumbers) {
  BoundCase bound = only_shapes("padding_mask", {{3, std::int64_t{1} << 25, std::int64_t{1} << 25}});
  bound.recipe = {{"sizes", {3, 2}, Values{std::vector<double>(6, 1 << 25)}}};
  EXPECT_THAT(expect(bound, 1, 0).unavailable,
              testing::MatchesRegex("its inputs and truth take about 1024 TiB, and .* are left \\(.*\\): .*"));
  const BoundCase no_axis = only_shapes("relative_position_index", {{1 << 25, 1 << 25}});
  EXPECT_THAT(expect(no_axis, 1, 0).unavailable,
              testing::MatchesRegex("its inputs and truth take about 8192 TiB, and .* are left \\(.*\\): .*"));
}

}  // namespace
}  // namespace assay::bench
