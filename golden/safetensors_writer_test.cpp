// Safetensors files on disk: the writer and the reader against each other, and what they say of paths they cannot use.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

#include "golden/safetensors.h"
#include "golden/safetensors_header.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

/// The bytes of a file: the header's length, the header, the data.
std::string file_of(std::string_view header, std::string_view data = "") {
  const std::uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file.append(header).append(data);
}

/// The sentence `action` is refused with.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

/// A folder of its own, removed with everything in it.
class SafetensorsOnDisk : public testing::Test {
 protected:
  SafetensorsOnDisk() { fs::create_directories(folder); }
  ~SafetensorsOnDisk() override { fs::remove_all(folder); }

  std::string contents(const fs::path& path) const {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::ptrdiff_t files_in_folder() const { return std::distance(fs::directory_iterator(folder), {}); }

  const fs::path folder = fs::temp_directory_path() / fmt::format("safetensors_test.{}", ::getpid());
};

template <class T, std::size_t N>
NamedTensor tensor(std::string name, T (&values)[N], Shape shape) {
  return {std::move(name), {values, DTypeOf<T>::value, shape}};
}

TEST_F(SafetensorsOnDisk, RoundTripsEveryDtypeAndRank) {
  bool flags[] = {true, false, true};
  std::uint8_t bytes[] = {0, 255};
  std::int64_t integers[] = {std::numeric_limits<std::int64_t>::min(), -1};
  float floats[] = {-0.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::denorm_min()};
  double doubles[] = {1e308, -std::numeric_limits<double>::infinity()};
  const std::vector<NamedTensor> tensors = {
      tensor("flags", flags, {3}),
      tensor("in.bytes", bytes, {1, 2}),
      tensor("größe \"\\\n\u2603\U0001F600", integers, {2, 1, 1, 1, 1, 1, 1, 1}),
      tensor("scalar", doubles, {}),
      tensor("doubles", doubles, {2}),
      tensor("..", floats, {3}),
      {"empty", {nullptr, DType::f32, {2, 0, 3}}},
  };
  const std::map<std::string, std::string> metadata = {{"", ""}, {"k\"\n", "{\"a\": [1]}"}, {"schlüssel", "\u2603"}};
  write_safetensors(folder / "a.safetensors", metadata, tensors);
  const SafetensorsFile file = SafetensorsFile::read(folder / "a.safetensors");
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.tensors().size(), tensors.size());
  for (const auto& [name, wanted] : tensors) {
    const TensorRef* const got = file.find(name);
    ASSERT_NE(got, nullptr) << name;
    EXPECT_EQ(got->dtype, wanted.dtype);
    EXPECT_EQ(got->shape, wanted.shape);
    const auto size = static_cast<std::size_t>(bytes_of(wanted));
    EXPECT_TRUE(size == 0 || std::memcmp(got->data, wanted.data, size) == 0) << name;
  }
}

TEST_F(SafetensorsOnDisk, TheSameTensorsAreTheSameBytesWithAlignedData) {
  std::uint8_t byte[] = {7};
  float number[] = {1.0f};
  const std::vector<NamedTensor> there = {tensor("a", byte, {1}), tensor("c", number, {1}), tensor("b", number, {})};
  const std::vector<NamedTensor> back(there.rbegin(), there.rend());
  write_safetensors(folder / "there", {{"k", "v"}}, there);
  write_safetensors(folder / "back", {{"k", "v"}}, back);
  const std::string header = R"({"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                             R"("c":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
                             R"("a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(contents(folder / "there"), file_of(header + padding, "\0\0\x80\x3f\0\0\x80\x3f\x07"s));
  EXPECT_EQ(contents(folder / "back"), contents(folder / "there"));
}

TEST_F(SafetensorsOnDisk, NothingAtAllIsAFileToo) {
  write_safetensors(folder / "a", {}, {});
  EXPECT_EQ(contents(folder / "a"), file_of("{}      "));
  EXPECT_TRUE(SafetensorsFile::read(folder / "a").tensors().empty());
}

TEST_F(SafetensorsOnDisk, ElementsOutliveTheFileWithTheirOwner) {
  float number[] = {2.5f};
  write_safetensors(folder / "a", {}, std::vector{tensor("x", number, {1})});
  std::shared_ptr<void> owner;
  const void* data = nullptr;
  {
    const SafetensorsFile file = SafetensorsFile::read(folder / "a");
    owner = file.owner();
    data = file.find("x")->data;
  }
  EXPECT_EQ(*static_cast<const float*>(data), 2.5f);
}

TEST_F(SafetensorsOnDisk, ReadingSaysWhatIsWrongWithThePath) {
  const auto refusal_at = [](const fs::path& path) { return refusal([&] { SafetensorsFile::read(path); }); };
  EXPECT_EQ(refusal_at(folder / "none"), (folder / "none").string() + " does not exist");
  EXPECT_EQ(refusal_at(folder), folder.string() + " is not a regular file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_at(folder / "pipe"), (folder / "pipe").string() + " is not a regular file");
  std::ofstream(folder / "short") << "{}";
  EXPECT_EQ(refusal_at(folder / "short"),
            (folder / "short").string() + ", byte 0: the file has 2 bytes, too few for the length of a header");
  EXPECT_EQ(refusal_at(folder / "short" / "a"), (folder / "short" / "a").string() + " does not exist");
}

TEST_F(SafetensorsOnDisk, AFileLargerThanMemoryIsRefusedBeforeItTakesAny) {
  constexpr std::uint64_t size = std::uint64_t{1} << 43;  // 8 TiB, about what file systems allow; it is one hole
  const std::string header = R"({"a":{"dtype":"U8","shape":[8796093022208],"data_offsets":[0,8796093022208]}})";
  std::ofstream(folder / "a", std::ios::binary) << file_of(header);
  std::error_code error;
  fs::resize_file(folder / "a", 8 + header.size() + size, error);
  if (error) GTEST_SKIP() << "the file system has no files of this size: " << error.message();
  EXPECT_EQ(
      refusal([&] { SafetensorsFile::read(folder / "a"); }),
      fmt::format("{} has {} bytes, more than there is memory for", (folder / "a").string(), 8 + header.size() + size));
}

TEST_F(SafetensorsOnDisk, WritingSaysWhatIsWrongWithThePath) {
  const auto refusal_at = [](const fs::path& path) { return refusal([&] { write_safetensors(path, {}, {}); }); };
  const std::string here = folder.string();
  std::ofstream(folder / "file") << "old";
  EXPECT_EQ(refusal_at(folder), "cannot write " + here + ": it is a folder");
  EXPECT_EQ(refusal_at(folder / ""), "cannot write " + here + "/: the path names no file");
  EXPECT_EQ(refusal_at(""), "cannot write : the path names no file");
  EXPECT_EQ(refusal_at(folder / "b" / "a"), "cannot write " + here + "/b/a: the folder " + here + "/b does not exist");
  EXPECT_EQ(refusal_at(folder / "file" / "a"), "cannot write " + here + "/file/a: " + here + "/file is not a folder");
  EXPECT_EQ(files_in_folder(), 1);
  EXPECT_EQ(contents(folder / "file"), "old");
}

TEST_F(SafetensorsOnDisk, WritingWithoutPermissionLeavesTheOldFile) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  std::ofstream(folder / "a") << "old";
  fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(refusal([&] { write_safetensors(folder / "a", {}, {}); }),
            "cannot write " + (folder / "a").string() + ": Permission denied");
  EXPECT_EQ(contents(folder / "a"), "old");
  fs::permissions(folder, fs::perms::owner_all);
}

TEST_F(SafetensorsOnDisk, AFailedRenameLeavesNoFile) {
  const fs::path target = folder / std::string(300, 'n');  // longer than a name can be; the file beside it is not
  EXPECT_EQ(refusal([&] { write_safetensors(target, {}, {}); }),
            "cannot write " + target.string() + ": File name too long");
  EXPECT_EQ(files_in_folder(), 0);
}

TEST_F(SafetensorsOnDisk, WritingRefusesWhatReadingWould) {
  std::uint8_t two[] = {2};
  const auto refusal_for = [&](std::vector<NamedTensor> tensors, std::map<std::string, std::string> metadata = {}) {
    const std::string message = refusal([&] { write_safetensors(folder / "a", metadata, tensors); });
    const std::string prefix = "cannot write " + (folder / "a").string() + ": ";
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  };
  EXPECT_EQ(refusal_for({tensor("", two, {1})}), "tensor \"\": a tensor's name is empty");
  EXPECT_EQ(refusal_for({tensor("../x", two, {1})}), R"(tensor "../x": the name contains "../")");
  EXPECT_EQ(refusal_for({tensor("x\0"s, two, {1})}), R"(tensor "x\u0000": the name contains NUL)");
  EXPECT_EQ(refusal_for({tensor("\xff", two, {1})}), R"(tensor "\xff": the name is not UTF-8)");
  EXPECT_EQ(refusal_for({tensor("__metadata__", two, {1})}),
            R"(tensor "__metadata__": the name is reserved for the metadata)");
  EXPECT_EQ(refusal_for({tensor("x", two, {1}), tensor("x", two, {1})}), R"(tensor "x": the name appears twice)");
  EXPECT_EQ(refusal_for({tensor("x", two, {-1})}), R"(tensor "x": the dimension -1 is negative)");
  EXPECT_EQ(refusal_for({tensor("x", two, {0, safetensors_max_extent + 1})}),
            R"(tensor "x": the dimension 281474976710657 is more than 2^48 = 281474976710656)");
  EXPECT_EQ(refusal_for({tensor("x", two, {0, safetensors_max_extent, safetensors_max_extent})}),
            R"(tensor "x": the elements of shape [0, 281474976710656, 281474976710656] are too many to count)");
  EXPECT_EQ(refusal_for({{"x", {nullptr, DType::f32, {1}}}}), R"(tensor "x": there are no data)");
  EXPECT_EQ(refusal_for({{"x", {two, DType::boolean, {1}}}}), R"(tensor "x": a BOOL element is neither 0 nor 1)");
  EXPECT_EQ(refusal_for({}, {{"k", "\xff"}}), R"(metadata "k" is not UTF-8)");
  EXPECT_EQ(files_in_folder(), 0);
}

}  // namespace
}  // namespace assay
