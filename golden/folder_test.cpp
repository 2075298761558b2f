// Golden folders as users keep them: files that are no cases beside the cases, files a run does not need, and tensors
// from runtimes that have no 64-bit integers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "golden/safetensors.h"
#include "golden/store.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// What a call is refused with, in words.
template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const InvalidArgument& problem) {
    return problem.what();
  }
  return "accepted";
}

class Folder : public testing::Test {
 protected:
  Folder()
      : root_(fs::path(testing::TempDir()) /
              ("folder_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(getpid()))) {
    fs::remove_all(root_);
    write_case("tiny");
  }
  ~Folder() override { fs::remove_all(root_); }

  TensorRef tensor(const Shape& shape, const std::vector<float>& values) {
    const TensorRef made = new_host_tensor(memory_, DType::f32, shape);
    std::copy(values.begin(), values.end(), static_cast<float*>(made.data));
    return made;
  }
  fs::path write(const std::string& op, const std::string& name, const std::string& params,
                 const std::vector<NamedTensor>& tensors) {
    const fs::path path = root_ / op / (name + ".safetensors");
    fs::create_directories(path.parent_path());
    write_safetensors(path, {{"assay.format", "1"}, {"operator", op}, {"case", name}, {"params", params}}, tensors);
    return path;
  }
  fs::path write_case(const std::string& name) {
    return write("relative_position_bias", name, R"({"window_h": 1, "window_w": 2})",
                 {{"in.table", tensor({3, 1}, {10, 20, 30})}, {"out.bias", tensor({1, 2, 2}, {20, 10, 30, 20})}});
  }
  /// The sentence for a list of images with these numbers in their names.
  std::string refusal_of_images(const std::vector<std::string>& numbers) {
    std::vector<NamedTensor> tensors;
    for (const std::string& number : numbers)
      tensors.push_back({"in.images." + number, tensor({1, 2, 2}, {1, 2, 3, 4})});
    const fs::path path = write("nested_tensor", "tiny", "{}", tensors);
    return refusal([&] { read_case(path, Outputs::not_needed); });
  }
  static void write_text(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

  fs::path root_;
  TensorPack memory_{1};
};

TEST_F(Folder, FilesOfEditorsAndVersionControlArePassedOver) {
  const fs::path op = root_ / "relative_position_bias";
  for (const fs::path& folder : {root_, op})
    for (const char* name : {".gitattributes", ".DS_Store", "README", "README.md", "LICENSE", "LICENSE.txt"})
      write_text(folder / name, "x");
  fs::create_directories(root_ / ".git" / "objects");
  fs::create_directories(op / ".ipynb_checkpoints");
  EXPECT_EQ(open_golden(root_, false).cases.size(), 1u);
}

TEST_F(Folder, WhatLooksLikeACaseIsNeverPassedOver) {
  write_text(root_ / "relative_position_bias" / "README.safetensors", "x");
  EXPECT_THAT(refusal([&] { open_golden(root_, false); }), HasSubstr("README.safetensors, byte 0"));
}

TEST_F(Folder, OtherFilesAreRefusedAsBefore) {
  for (const char* name : {"readme.md", "READ", "LICENCE", "notes.txt"}) {
    write_text(root_ / name, "x");
    EXPECT_THAT(refusal([&] { open_golden(root_, false); }), HasSubstr("it is no golden case")) << name;
    fs::remove(root_ / name);
  }
}

TEST_F(Folder, FilesThatNobodyWantsAreNotOpened) {
  const fs::path broken = write_case("broken");
  write_text(broken, "no safetensors file");
  const WantedCases tiny = [](std::string_view op, std::string_view name) {
    return op == "relative_position_bias" && name == "tiny";
  };
  EXPECT_THAT(refusal([&] { open_golden(root_, false); }), HasSubstr("broken.safetensors, byte 0"));
  const GoldenFolder folder = open_golden(root_, false, tiny);
  ASSERT_EQ(folder.cases.size(), 1u);
  EXPECT_EQ(folder.cases[0].name, "tiny");
  ASSERT_EQ(folder.unread.size(), 1u);
  EXPECT_EQ(folder.unread[0].op, "relative_position_bias");
  EXPECT_EQ(folder.unread[0].name, "broken");
}

TEST_F(Folder, TheManifestIsHeldAgainstTheListingWhateverIsWanted) {
  write_case("extra");
  const std::string zeros(64, '0');
  write_text(root_ / "manifest.json", R"({"format": 1, "files": {"relative_position_bias/tiny.safetensors": ")" +
                                          zeros + R"(", "relative_position_bias/gone.safetensors": ")" + zeros +
                                          "\"}}");
  const GoldenFolder none = open_golden(root_, true, [](std::string_view, std::string_view) { return false; });
  ASSERT_EQ(none.damaged.size(), 2u);  // tiny has another digest, and nobody looks
  EXPECT_EQ(none.damaged[0].reason, "relative_position_bias/extra.safetensors is not in the manifest");
  EXPECT_EQ(none.damaged[1].reason, "relative_position_bias/gone.safetensors is in the manifest, but missing");
  EXPECT_EQ(open_golden(root_, true).damaged.size(), 3u);
}

TEST_F(Folder, TensorsOfI32StandForI64) {
  const std::string metadata = R"({"assay.format":"1","operator":"relative_position_index","case":"narrow",)"
                               R"("params":"{\"window_h\": 1, \"window_w\": 2}"})";
  const std::string header =
      R"({"__metadata__":)" + metadata + R"(,"out.index":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})";
  const std::uint64_t length = header.size();
  const std::int32_t index[] = {1, 0, 2, 1};
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(index), sizeof index);
  fs::create_directories(root_ / "relative_position_index");
  write_text(root_ / "relative_position_index" / "narrow.safetensors", bytes);
  const GoldenFolder folder = open_golden(root_, false);
  ASSERT_EQ(folder.cases.size(), 2u);
  const TensorRef& read = *folder.cases[1].out[0];
  EXPECT_EQ(read.dtype, DType::i64);
  EXPECT_THAT(std::vector<std::int64_t>(static_cast<const std::int64_t*>(read.data),
                                        static_cast<const std::int64_t*>(read.data) + 4),
              testing::ElementsAre(1, 0, 2, 1));
}

TEST_F(Folder, AGapInAListIsNamed) {
  EXPECT_THAT(refusal_of_images({"0", "2"}),
              HasSubstr("tensor in.images.1 is missing, but in.images.2 is there: a list has no gaps"));
  EXPECT_THAT(refusal_of_images({"1"}), HasSubstr("tensor in.images.0 is missing, but in.images.1 is there"));
  EXPECT_THAT(refusal_of_images({"0", "1", "10"}),
              HasSubstr("tensor in.images.2 is missing, but in.images.10 is there"));
  for (const char* other : {"01", "x", "1x", "-1", ""})
    EXPECT_THAT(refusal_of_images({"0", other}),
                HasSubstr("tensor \"in.images." + std::string(other) + "\" is nothing the operator asks for"));
}

}  // namespace
}  // namespace assay
