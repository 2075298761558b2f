// Golden folders: what is read, what is refused with which sentence, and what the manifest says.
#include "golden/store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "golden/safetensors.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class Store : public testing::Test {
 protected:
  Store()
      : root_(fs::path(testing::TempDir()) /
              ("store_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "relative_position_bias");
  }
  ~Store() override { fs::remove_all(root_); }

  /// A right file of relative_position_bias on a 1x2 window with 1 head, changed by the caller.
  struct File {
    std::map<std::string, std::string> metadata = {{"assay.format", "1"},
                                                   {"operator", "relative_position_bias"},
                                                   {"case", "tiny"},
                                                   {"params", R"({"window_h": 1, "window_w": 2})"}};
    std::vector<NamedTensor> tensors;
    TensorPack memory{1};

    File() {
      add("in.table", {3, 1}, {10, 20, 30});
      add("out.bias", {1, 2, 2}, {20, 10, 30, 20});
    }
    void add(const std::string& name, const Shape& shape, const std::vector<float>& values) {
      const TensorRef tensor = new_host_tensor(memory, DType::f32, shape);
      std::copy(values.begin(), values.end(), static_cast<float*>(tensor.data));
      tensors.push_back({name, tensor});
    }
    void drop(const std::string& name) {
      std::erase_if(tensors, [&](const NamedTensor& t) { return t.name == name; });
    }
  };

  fs::path write(const File& file, const std::string& name = "relative_position_bias/tiny.safetensors") {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    write_safetensors(path, file.metadata, file.tensors);
    return path;
  }

  /// What read_case says of a file, without the path in front.
  std::string refusal(const File& file, Outputs outputs = Outputs::needed) {
    const fs::path path = write(file);
    try {
      read_case(path, outputs);
    } catch (const InvalidArgument& problem) {
      const std::string text = problem.what(), prefix = path.string() + ": ";
      return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    }
    return "";
  }

  fs::path root_;
};

TEST_F(Store, ReadsARightFile) {
  const GoldenCase made = read_case(write(File()), Outputs::needed);
  EXPECT_EQ(made.op->name, "relative_position_bias");
  EXPECT_EQ(made.name, "tiny");
  EXPECT_EQ(made.params[1].integer, 2);
  EXPECT_EQ(made.inputs[0][0].shape, (Shape{3, 1}));
  EXPECT_TRUE(made.out[0].has_value());
}

TEST_F(Store, RefusesWhatContradictsTheContract) {
  struct Bad {
    void (*change)(File&);
    std::string expected;
  };
  const std::vector<Bad> table = {
      {[](File& f) { f.metadata.erase("operator"); }, "metadata entry operator is missing"},
      {[](File& f) { f.metadata["assay.format"] = "2"; },
       "metadata entry assay.format is \"2\", but this program reads format 1"},
      {[](File& f) { f.metadata["operator"] = "relative_position_bais"; },
       "there is no operator relative_position_bais (did you mean relative_position_bias?); `assay list operators` "
       "shows all"},
      {[](File& f) { f.metadata["case"] = "other"; }, "metadata say case \"other\", but the file is named \"tiny\""},
      {[](File& f) { f.metadata["operator"] = "window_softmax"; },
       "metadata say operator \"window_softmax\", but the folder is \"relative_position_bias\""},
      {[](File& f) { f.metadata["params"] = "[1]"; }, "metadata entry params is \"[1]\", but a JSON object is needed"},
      {[](File& f) { f.metadata["params"] = "{"; }, "metadata entry params is \"{\", but a JSON object is needed"},
      {[](File& f) { f.metadata["params"] = R"({"window_h": 1, "window_h": 2})"; },
       "metadata entry params has \"window_h\" twice"},
      {[](File& f) { f.metadata["params"] = R"({"window_h": 1, "window_w": "2"})"; },
       "parameter \"window_w\" is string, but a boolean or a number is needed"},
      {[](File& f) { f.metadata["params"] = R"({"window_h": 1, "window_w": 2.5})"; },
       "relative_position_bias: parameter window_w is 2.5 (a real number), but an integer is needed"},
      {[](File& f) { f.metadata["params"] = R"({"window_h": 1})"; },
       "relative_position_bias: parameter window_w is missing and has no default"},
      {[](File& f) { f.metadata["params"] = R"({"window_h": 1, "window_w": 2, "shift": 1})"; },
       "relative_position_bias: there is no parameter shift; it takes window_h, window_w"},
      {[](File& f) { f.metadata["params"] = R"({"window_h": 1, "window_w": 18446744073709551615})"; },
       "parameter \"window_w\" is 18446744073709551615, more than 63 bits hold"},
      {[](File& f) { f.metadata["dtype"] = "f17"; }, "metadata entry dtype is \"f17\", which is none"},
      {[](File& f) { f.metadata["dtype"] = "u8"; }, "relative_position_bias: it is not offered at dtype u8"},
      {[](File& f) { f.drop("in.table"); }, "tensor in.table is missing"},
      {[](File& f) { f.drop("out.bias"); }, "tensor out.bias is missing"},
      {[](File& f) { f.add("in.tabel", {1}, {1}); }, "tensor \"in.tabel\" is nothing the operator asks for"},
      {[](File& f) {
         f.add("out64.bias", {1, 2, 2}, {1, 2, 3, 4});
       },
       "tensor \"out64.bias\" is nothing the operator asks for"},
      {[](File& f) {
         f.drop("out.bias");
         f.add("out.bias", {1, 4}, {1, 2, 3, 4});
       },
       "tensor out.bias has shape [1, 4], but the inputs give [1, 2, 2]"},
      {[](File& f) {
         f.drop("in.table");
         f.add("in.table", {4, 1}, {1, 2, 3, 4});
       },
       "relative_position_bias: input table has shape [4, 1], but a window of 1x2 needs 3 entries"},
  };
  for (const Bad& bad : table) {
    File file;
    bad.change(file);
    EXPECT_EQ(refusal(file), bad.expected);
  }
}

TEST_F(Store, OutputsDoNotMatterWhereTheyAreComputed) {
  File file;
  file.drop("out.bias");
  file.add("out.bias", {9}, std::vector<float>(9));
  EXPECT_EQ(refusal(file, Outputs::not_needed), "");
}

TEST_F(Store, AListMustHaveNoGaps) {
  File file;
  file.metadata["operator"] = "nested_tensor";
  file.metadata["params"] = "{}";
  file.tensors.clear();
  file.add("in.images.0", {1, 2, 2}, {1, 2, 3, 4});
  file.add("in.images.2", {1, 2, 2}, {1, 2, 3, 4});
  const fs::path path = write(file, "nested_tensor/tiny.safetensors");
  EXPECT_THROW(
      {
        try {
          read_case(path, Outputs::not_needed);
        } catch (const InvalidArgument& problem) {
          EXPECT_NE(std::string(problem.what()).find("tensor \"in.images.2\" is nothing the operator asks for"),
                    std::string::npos);
          throw;
        }
      },
      InvalidArgument);
}

TEST_F(Store, TheManifestVouchesForEachFile) {
  write(File());
  File other;
  other.metadata["case"] = "extra";
  write(other, "relative_position_bias/extra.safetensors");
  std::ofstream(root_ / "manifest.json")
      << R"({"format": 1, "files": {"relative_position_bias/tiny.safetensors": "0000", "relative_position_bias/gone.safetensors": "0000"}})";
  const GoldenFolder folder = open_golden(root_, true);
  EXPECT_TRUE(folder.cases.empty());
  ASSERT_EQ(folder.damaged.size(), 3u);
  EXPECT_EQ(folder.damaged[0].reason, "relative_position_bias/extra.safetensors is not in the manifest");
  EXPECT_NE(folder.damaged[1].reason.find("has SHA-256"), std::string::npos);
  EXPECT_EQ(folder.damaged[2].reason, "relative_position_bias/gone.safetensors is in the manifest, but missing");
}

TEST_F(Store, AFolderWithoutCasesIsRefused) {
  EXPECT_THROW(open_golden(root_, false), InvalidArgument);
  EXPECT_THROW(open_golden(root_ / "nowhere", false), InvalidArgument);
  write(File());
  EXPECT_THROW(open_golden(root_, true), InvalidArgument) << "the project's own folder must have a manifest";
  std::ofstream(root_ / "stray.txt") << "x";
  EXPECT_THROW(open_golden(root_, false), InvalidArgument);
}

}  // namespace
}  // namespace assay
