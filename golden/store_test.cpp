// Golden folders: what is read, what is refused with which sentence, and what the manifest says.
#include "golden/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "golden/safetensors.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class Store : public testing::Test {
 protected:
  Store()
      : root_(fs::path(testing::TempDir()) /
              ("store_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "relative_position_bias");
  }
  ~Store() override { fs::remove_all(root_); }

  /// The sentence that opening the folder is refused with, without the root in front.
  std::string opening(bool manifest_required = false) const {
    try {
      open_golden(root_, manifest_required);
    } catch (const InvalidArgument& problem) {
      const std::string text = problem.what(), prefix = root_.string();
      return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    }
    return "accepted";
  }
  void write_manifest(std::string_view text) const { std::ofstream(root_ / "manifest.json", std::ios::binary) << text; }

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
      {[](File& f) { f.metadata["operator"] = "\x1b[31m"; },
       R"(metadata say operator "\u001b[31m", but a name has A-Z a-z 0-9 _ . - only)"},
      {[](File& f) { f.metadata["operator"] = ""; },
       R"(metadata say operator "", but a name has A-Z a-z 0-9 _ . - only)"},
      {[](File& f) { f.metadata["operator"] = std::string(256, 'a'); },
       "metadata say operator \"" + std::string(80, 'a') + "...\", but a name has A-Z a-z 0-9 _ . - only"},
      {[](File& f) { f.metadata["case"] = "../tiny"; },
       R"(metadata say case "../tiny", but a name has A-Z a-z 0-9 _ . - only)"},
      {[](File& f) { f.metadata["case"] = std::string("tiny\0", 5); },
       R"(metadata say case "tiny\u0000", but a name has A-Z a-z 0-9 _ . - only)"},
      {[](File& f) { f.metadata["dtype"] = "\n"; },
       R"(metadata entry dtype is "\u000a", which is not one of bool, u8, i64, f32 and f64)"},
      {[](File& f) { f.metadata["dtype"] = "f17"; },
       R"(metadata entry dtype is "f17", which is not one of bool, u8, i64, f32 and f64)"},
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

TEST_F(Store, RefusesParamsThatAreNoFlatObjectOfNumbers) {
  struct Row {
    std::string params, expected;
  };
  const auto no_object = [](std::string_view shown) {
    return "metadata entry params is \"" + std::string(shown) + "\", but a JSON object is needed";
  };
  const auto no_number = [](std::string_view found) {
    return "parameter \"window_h\" is " + std::string(found) + ", but a boolean or a number is needed";
  };
  const std::vector<Row> table = {
      {"", no_object("")},
      {"null", no_object("null")},
      {"1", no_object("1")},
      {"1e400", no_object("1e400")},
      {"true", no_object("true")},
      {"\"{}\"", no_object(R"(\"{}\")")},
      {"{} {}", no_object("{} {}")},
      {"{\"window_h\": 1,}", no_object(R"({\"window_h\": 1,})")},
      {"{\"window_h\": 01}", no_object(R"({\"window_h\": 01})")},
      {"{\"window_h\": NaN}", no_object(R"({\"window_h\": NaN})")},
      {"{'window_h': 1}", no_object("{'window_h': 1}")},
      {"{} // all of them", no_object("{} // all of them")},
      {std::string("{}\0{}", 5), no_object(R"({}\u0000{})")},  // nlohmann's parser would stop at the NUL
      {"\xef\xbb\xbf{}", no_object("\xef\xbb\xbf{}")},         // and skip the byte order mark
      {std::string(1'000'000, '['), no_object(std::string(80, '[') + "...")},
      {R"({"window_h": null})", no_number("null")},
      {R"({"window_h": "1"})", no_number("string")},
      {R"({"window_h": [1]})", no_number("array")},
      {R"({"window_h": {"window_h": 1}})", no_number("object")},
      {R"({"window_h": )" + std::string(1'000'000, '['), no_number("array")},
      {R"({"window_h": 1, "window\u005fh": 2})", "metadata entry params has \"window_h\" twice"},
      {R"({"": 1})", "metadata entry params has \"\", but a name has A-Z a-z 0-9 _ . - only"},
      {R"({"\u001b[31m": 1})", R"(metadata entry params has "\u001b[31m", but a name has A-Z a-z 0-9 _ . - only)"},
      {R"({"window_h": 1e400})", "parameter \"window_h\" is 1e400, more than a double holds"},
      {R"({"window_h": -1e400})", "parameter \"window_h\" is -1e400, more than a double holds"},
      {R"({"window_h": )" + std::string(400, '9') + "}",
       "parameter \"window_h\" is " + std::string(40, '9') + "..., more than a double holds"},
      {R"({"window_h": 9223372036854775808})", "parameter \"window_h\" is 9223372036854775808, more than 63 bits hold"},
      {R"({"window_h": 18446744073709551616, "window_w": 2})",
       "relative_position_bias: parameter window_h is 1.8446744073709552e+19 (a real number), but an integer is "
       "needed"},
      {R"({"window_h": -9223372036854775809, "window_w": 2})",
       "relative_position_bias: parameter window_h is -9.223372036854776e+18 (a real number), but an integer is "
       "needed"},
      {R"({"window_h": true, "window_w": 2})",
       "relative_position_bias: parameter window_h is true (a boolean), but an integer is needed"},
      {R"({"window_h": 0, "window_w": 2})", "relative_position_bias: window_h is 0, but it must be positive"},
  };
  for (const Row& row : table) {
    File file;
    file.metadata["params"] = row.params;
    EXPECT_EQ(refusal(file), row.expected) << row.params.substr(0, 80);
  }
}

TEST_F(Store, ShowsASourceOnOneLine) {
  File file;
  file.metadata["source"] = "torch\x1b[31m\n2.9";
  EXPECT_EQ(read_case(write(file), Outputs::needed).source, R"(torch\u001b[31m\u000a2.9)");
}

TEST_F(Store, ReadsACaseFromMemoryAsFromItsFile) {
  const File file;
  const std::string bytes = pack_safetensors(file.metadata, file.tensors, "tiny");
  const GoldenCase made =
      parse_case(std::as_bytes(std::span(bytes)), "relative_position_bias/tiny.safetensors", Outputs::needed);
  EXPECT_EQ(made.name, "tiny");
  EXPECT_EQ(static_cast<const float*>(made.inputs[0][0].data)[2], 30.0f);
  const auto short_of_one = [&] {
    parse_case(std::as_bytes(std::span(bytes)).first(bytes.size() - 1), "a\n", Outputs::needed);
  };
  try {
    short_of_one();
    FAIL() << "accepted";
  } catch (const InvalidArgument& problem) {
    EXPECT_EQ(std::string(problem.what()).find(R"(a\u000a, byte )"), 0u) << problem.what();
  }
}

TEST_F(Store, OutputsDoNotMatterWhereTheyAreComputed) {
  File file;
  file.drop("out.bias");
  file.add("out.bias", {9}, std::vector<float>(9));
  EXPECT_EQ(refusal(file, Outputs::not_needed), "");
}

TEST_F(Store, OutputsThatAreComputedMayHaveAnyDtype) {
  File file;
  std::string bytes = pack_safetensors(file.metadata, file.tensors, "tiny");
  const std::size_t at = bytes.find(R"("dtype":"F32")", bytes.find("out.bias"));
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 13, R"("dtype":"U32")");  // four bytes as well
  const auto parse = [&](Outputs outputs) {
    return parse_case(std::as_bytes(std::span(bytes)), "relative_position_bias/tiny.safetensors", outputs);
  };
  EXPECT_TRUE(parse(Outputs::not_needed).out.empty());
  EXPECT_THROW(parse(Outputs::needed), InvalidArgument);
}

TEST_F(Store, TheManifestVouchesForEachFile) {
  write(File());
  File other;
  other.metadata["case"] = "extra";
  write(other, "relative_position_bias/extra.safetensors");
  const std::string zeros(64, '0');
  write_manifest(R"({"format": 1, "files": {"relative_position_bias/tiny.safetensors": ")" + zeros +
                 R"(", "relative_position_bias/gone.safetensors": ")" + zeros + "\"}}");
  const GoldenFolder folder = open_golden(root_, true);
  EXPECT_TRUE(folder.cases.empty());
  ASSERT_EQ(folder.damaged.size(), 3u);
  EXPECT_EQ(folder.damaged[0].reason, "relative_position_bias/extra.safetensors is not in the manifest");
  EXPECT_NE(folder.damaged[1].reason.find("has SHA-256"), std::string::npos);
  EXPECT_EQ(folder.damaged[2].reason, "relative_position_bias/gone.safetensors is in the manifest, but missing");
}

TEST_F(Store, ManifestsThatLieAreRefused) {
  write(File());
  struct Row {
    std::string text, expected;
  };
  const std::string digest(64, 'a');
  const auto listing = [&](const std::string& path, const std::string& value) {
    return R"({"format": 1, "files": {")" + path + R"(": )" + value + "}}";
  };
  const auto bad_path = [&](const std::string& spelt, const std::string& shown) {
    return Row{
        listing(spelt, '"' + digest + '"'),
        "it lists \"" + shown + "\", but <operator>/<case>.safetensors is expected, named with A-Z a-z 0-9 _ . -"};
  };
  const auto bad_digest = [&](const std::string& value) {
    return Row{listing("a/b.safetensors", '"' + value + '"'),
               R"(the digest of "a/b.safetensors" is ")" + value + R"(", but 64 digits of 0-9 a-f are needed)"};
  };
  const std::string no_manifest = R"(it is not a manifest of format 1: {"format": 1, "files": {path: SHA-256}})";
  const std::string no_string = R"(the digest of "a/b.safetensors" is no string)";
  const std::vector<Row> table = {
      {"", "it is not valid JSON at byte 0"},
      {"{", "it is not valid JSON at byte 1"},
      {R"({"format": 1, "files": {}} {})", "it is not valid JSON at byte 27"},
      {R"({"format": 1, "files": {},})", "it is not valid JSON at byte 26"},
      {std::string("{}\0", 3), "it is not valid JSON at byte 2"},
      {"\xef\xbb\xbf{}", "it is not valid JSON at byte 0"},
      {"{\"\xff\": 1}", "it is not UTF-8 at byte 2"},
      {"{\"\xc0\xaf\": 1}", "it is not UTF-8 at byte 2"},
      {"null", no_manifest},
      {"[]", no_manifest},
      {std::string(1'000'000, '['), no_manifest},
      {"1", no_manifest},
      {"1e400", no_manifest},
      {"\"\"", no_manifest},
      {"{}", no_manifest},
      {R"({"format": 1})", no_manifest},
      {R"({"files": {}})", no_manifest},
      {R"({"format": 2, "files": {}})", no_manifest},
      {R"({"format": 1.0, "files": {}})", no_manifest},
      {R"({"format": "1", "files": {}})", no_manifest},
      {R"({"format": true, "files": {}})", no_manifest},
      {R"({"format": {}, "files": {}})", no_manifest},
      {R"({"format": 1e400, "files": {}})", no_manifest},
      {R"({"format": 1, "files": []})", no_manifest},
      {R"({"format": 1, "files": 1})", no_manifest},
      {R"({"format": 1, "files": null})", no_manifest},
      {R"({"format": 1, "format": 1, "files": {}})", "it has \"format\" twice"},
      {R"({"files": {}, "format": 1, "\u0066iles": {}})", "it has \"files\" twice"},
      {R"({"format": 1, "files": {}, "\u001b": 1})", R"(it has "\u001b", which is neither format nor files)"},
      {listing("a/b.safetensors", '"' + digest + R"(", "a\u002fb.safetensors": ")" + digest + '"'),
       R"(it lists "a/b.safetensors" twice)"},
      bad_path("", ""),
      bad_path("b.safetensors", "b.safetensors"),
      bad_path("../b.safetensors", "../b.safetensors"),
      bad_path("./b.safetensors", "./b.safetensors"),
      bad_path("/b.safetensors", "/b.safetensors"),
      bad_path("/etc/b.safetensors", "/etc/b.safetensors"),
      bad_path("a/../b.safetensors", "a/../b.safetensors"),
      bad_path("a/./b.safetensors", "a/./b.safetensors"),
      bad_path("a//b.safetensors", "a//b.safetensors"),
      bad_path("a/b/c.safetensors", "a/b/c.safetensors"),
      bad_path("a/b.json", "a/b.json"),
      bad_path("a/.safetensors", "a/.safetensors"),
      bad_path("a/b.safetensors ", "a/b.safetensors "),
      bad_path("a\\\\b.safetensors", "a\\\\b.safetensors"),
      bad_path("a/b\\u0000.safetensors", "a/b\\u0000.safetensors"),
      bad_path("a/\\u001b[31m.safetensors", "a/\\u001b[31m.safetensors"),
      bad_path("a/\u00e9.safetensors", "a/\u00e9.safetensors"),
      bad_path(std::string(300, 'a') + "/b.safetensors", std::string(80, 'a') + "..."),
      bad_digest(""),
      bad_digest("0000"),
      bad_digest(std::string(63, '0')),
      {listing("a/b.safetensors", '"' + std::string(65, '0') + '"'),
       R"(the digest of "a/b.safetensors" is ")" + std::string(65, '0') + R"(", but 64 digits of 0-9 a-f are needed)"},
      bad_digest(std::string(64, 'A')),
      bad_digest(std::string(63, '0') + "g"),
      bad_digest("0x" + std::string(62, '0')),
      {listing("a/b.safetensors", "null"), no_string},
      {listing("a/b.safetensors", "0"), no_string},
      {listing("a/b.safetensors", "-1"), no_string},
      {listing("a/b.safetensors", "1e400"), no_string},
      {listing("a/b.safetensors", "true"), no_string},
      {listing("a/b.safetensors", R"({"sha256": ""})"), no_string},
      {listing("a/b.safetensors", std::string(1'000'000, '[')), no_string},
  };
  for (const Row& row : table) {
    write_manifest(row.text);
    EXPECT_EQ(opening(), "/manifest.json: " + row.expected) << row.text.substr(0, 80);
  }
}

TEST_F(Store, ManifestsThatAreNoFilesAreRefused) {
  write(File());
  const fs::path path = root_ / "manifest.json";
  fs::create_directory(path);
  EXPECT_EQ(opening(), "/manifest.json is not a regular file");
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(opening(), "/manifest.json is not a regular file");
  fs::remove(path);
  fs::create_symlink("manifest.json", path);
  EXPECT_EQ(opening(), "/manifest.json cannot be read: Too many levels of symbolic links");
  fs::remove(path);
  fs::create_symlink("nowhere", path);
  EXPECT_EQ(opening(), "/manifest.json does not exist");
  fs::remove(path);
  write_manifest("");
  fs::resize_file(path, 100'000'001);  // a hole in the file system: nothing of it is read
  EXPECT_EQ(opening(), "/manifest.json: it has 100000001 bytes, more than the 100000000 allowed");
}

TEST_F(Store, WhatIsNoCaseIsRefused) {
  write(File());
  const std::string expected =
      ": it is no golden case: <operator>/<case>.safetensors is expected, named with A-Z a-z 0-9 _ . -";
  const fs::path op = root_ / "relative_position_bias";
  const auto refused_with = [&](const fs::path& added) {
    const std::string said = opening();
    fs::remove_all(added);
    return said;
  };
  const auto file = [](const fs::path& path) {
    std::ofstream(path) << "x";
    return path;
  };
  const auto folder = [](const fs::path& path) {
    fs::create_directories(path);
    return path;
  };
  const auto link = [](const char* to, const fs::path& path) {
    fs::create_symlink(to, path);
    return path;
  };
  const auto pipe = [](const fs::path& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  };
  EXPECT_EQ(refused_with(file(root_ / "stray.txt")), "/stray.txt" + expected);
  EXPECT_EQ(refused_with(file(root_ / "a.safetensors")), "/a.safetensors" + expected);
  EXPECT_EQ(refused_with(file(op / "a.txt")), "/relative_position_bias/a.txt" + expected);
  EXPECT_EQ(refused_with(file(op / "\x1b[31m.safetensors")),
            "/relative_position_bias/\\u001b[31m.safetensors" + expected);
  EXPECT_EQ(refused_with(folder(op / "deeper")), "/relative_position_bias/deeper" + expected);
  EXPECT_EQ(refused_with(link("..", op / "up")), "/relative_position_bias/up" + expected);
  EXPECT_EQ(refused_with(link("loop", root_ / "loop")), "/loop" + expected);
  EXPECT_EQ(refused_with(folder(op / "a.safetensors")), "/relative_position_bias/a.safetensors is not a regular file");
  EXPECT_EQ(refused_with(pipe(op / "a.safetensors")), "/relative_position_bias/a.safetensors is not a regular file");
  EXPECT_EQ(refused_with(link("a.safetensors", op / "a.safetensors")),
            "/relative_position_bias/a.safetensors cannot be read: Too many levels of symbolic links");
  EXPECT_EQ(refused_with(link("nowhere", op / "a.safetensors")),
            "/relative_position_bias/a.safetensors does not exist");
  EXPECT_EQ(opening(), "accepted");
}

TEST_F(Store, AFolderBehindALinkIsReadToo) {
  write(File());
  const fs::path elsewhere = root_.string() + "_elsewhere";
  fs::remove_all(elsewhere);
  fs::rename(root_ / "relative_position_bias", elsewhere);
  fs::create_symlink(elsewhere, root_ / "relative_position_bias");
  EXPECT_EQ(open_golden(root_, false).cases.size(), 1u);
  fs::remove_all(elsewhere);
}

TEST_F(Store, AFolderWithoutCasesIsRefused) {
  EXPECT_EQ(opening(), ": there is no golden case below this folder");
  write(File());
  EXPECT_EQ(opening(true),
            "/manifest.json: the project's own folder must have a manifest; scripts/record_golden writes it");
  fs::remove_all(root_);
  EXPECT_EQ(opening(), ": there is no such folder of golden cases");
  std::ofstream(root_) << "x";
  EXPECT_EQ(opening(), ": there is no such folder of golden cases");
}

}  // namespace
}  // namespace assay
