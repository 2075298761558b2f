// Reading golden cases: the manifest, then each file's metadata and tensors against the operator's contract.
#include "golden/store.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "golden/regular_file.h"
#include "golden/safetensors.h"
#include "golden/store_json.h"
#include "golden/text.h"
#include "reference/registry.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "manifest.json";

/// Within a case file the path is left out: bind_case puts it in front of whatever is wrong.
[[noreturn]] void refuse(const std::string& message) { throw InvalidArgument(message); }

[[noreturn]] void refuse(const fs::path& file, const std::string& message) {
  throw InvalidArgument(fmt::format("{}: {}", on_one_line(file.string()), message));
}

// ---- one file ----

const std::string& metadata(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) refuse(fmt::format("metadata entry {} is missing", key));
  return found->second;
}

/// A golden file's own folder and stem must be what its metadata say.
void check_path(const fs::path& path, const SafetensorsFile& file) {
  const std::string op = metadata(file, "operator"), name = metadata(file, "case");
  if (path.stem().string() != name)
    refuse(fmt::format("metadata say case {}, but the file is named {}", in_quotes(name),
                       in_quotes(path.stem().string())));
  if (path.parent_path().filename().string() != op) {
    refuse(fmt::format("metadata say operator {}, but the folder is {}", in_quotes(op),
                       in_quotes(path.parent_path().filename().string())));
  }
}

/// "bool, u8, i64, f32 and f64"
std::string all_dtype_names() {
  std::string names(name_of(all_dtypes.front()));
  for (std::size_t i = 1; i < all_dtypes.size(); ++i)
    names += fmt::format("{}{}", i + 1 == all_dtypes.size() ? " and " : ", ", name_of(all_dtypes[i]));
  return names;
}

/// The operator's dtype: the metadata's, else that of the first input that carries it, else f32.
DType dtype_of(const SafetensorsFile& file, const OperatorEntry& op) {
  if (const auto given = file.metadata().find("dtype"); given != file.metadata().end()) {
    if (const auto dtype = dtype_named(given->second)) return *dtype;
    refuse(
        fmt::format("metadata entry dtype is {}, which is not one of {}", in_quotes(given->second), all_dtype_names()));
  }
  for (const FieldInfo& field : op.instances.front().inputs) {
    if (!field.carries_dtype) continue;
    const std::string name = fmt::format("in.{}{}", field.name, field.arity == Arity::list ? ".0" : "");
    if (const TensorRef* tensor = file.find(name)) return tensor->dtype;
  }
  return DType::f32;
}

/// Takes tensors out of a file by name and knows which nobody asked for.
class Taker {
 public:
  explicit Taker(const SafetensorsFile& file) : file_(file) {
    for (const NamedTensor& stored : file.tensors()) left_.insert(stored.name);
  }

  const TensorRef* take(const std::string& name) {
    const TensorRef* found = file_.find(name);
    if (found != nullptr) left_.erase(name);
    return found;
  }
  const TensorRef& need(const std::string& name) {
    const TensorRef* found = take(name);
    if (found == nullptr) refuse(fmt::format("tensor {} is missing", name));
    return *found;
  }
  std::vector<TensorRef> take_field(const FieldInfo& field) {
    const std::string name = fmt::format("in.{}", field.name);
    if (field.arity == Arity::one) return {need(name)};
    std::vector<TensorRef> taken;
    if (field.arity == Arity::optional) {
      if (const TensorRef* found = take(name)) taken.push_back(*found);
      return taken;
    }
    while (const TensorRef* found = take(fmt::format("{}.{}", name, taken.size()))) taken.push_back(*found);
    refuse_gap(name, taken.size());
    return taken;
  }
  /// Refuses what is left.
  void finish() const {
    for (const std::string& name : left_)
      refuse(fmt::format("tensor {} is nothing the operator asks for", in_quotes(name)));
  }

 private:
  /// `list` has `count` elements in the file; one with a higher number is left only where there is a gap.
  void refuse_gap(const std::string& list, std::size_t count) const {
    for (auto at = left_.lower_bound(list + "."); at != left_.end() && at->starts_with(list + "."); ++at) {
      const std::string_view number = std::string_view(*at).substr(list.size() + 1);
      if (number.empty() || number[0] == '0' || number.find_first_not_of("0123456789") != std::string_view::npos)
        continue;
      refuse(fmt::format("tensor {}.{} is missing, but {} is there: a list has no gaps", list, count, *at));
    }
  }

  const SafetensorsFile& file_;
  std::set<std::string, std::less<>> left_;
};

void check_output(const std::string& name, const TensorRef& tensor, DType dtype, const Shape& shape) {
  if (tensor.dtype != dtype)
    refuse(fmt::format("tensor {} is {}, but {} is needed", name, name_of(tensor.dtype), name_of(dtype)));
  if (!(tensor.shape == shape))
    refuse(
        fmt::format("tensor {} has shape {}, but the inputs give {}", name, to_string(tensor.shape), to_string(shape)));
}

void take_outputs(GoldenCase& made, Taker& taker, Outputs wanted, const std::vector<Shape>& shapes) {
  for (std::size_t i = 0; i < made.instance->outputs.size(); ++i) {
    const FieldInfo& field = made.instance->outputs[i];
    const std::string out = fmt::format("out.{}", field.name), out64 = fmt::format("out64.{}", field.name);
    made.out.emplace_back(taker.need(out));
    check_output(out, *made.out.back(), field.dtype, shapes[i]);
    const TensorRef* witness = field.bound ? taker.take(out64) : nullptr;
    if (witness == nullptr && field.bound && wanted == Outputs::with_out64)
      refuse(fmt::format("tensor {} is missing", out64));
    made.out64.push_back(witness != nullptr ? std::optional(*witness) : std::nullopt);
    if (witness != nullptr) check_output(out64, *witness, DType::f64, shapes[i]);
  }
}

/// What the metadata say of the case.
void read_metadata(GoldenCase& made, const SafetensorsFile& file, bool path_matters) {
  if (const std::string& format = metadata(file, "assay.format"); format != "1")
    refuse(fmt::format("metadata entry assay.format is {}, but this program reads format 1", in_quotes(format)));
  const std::string& op = metadata(file, "operator");
  for (const auto& [what, name] : {std::pair("operator", op), std::pair("case", metadata(file, "case"))}) {
    if (!is_plain_name(name))
      refuse(fmt::format("metadata say {} {}, but a name has A-Z a-z 0-9 _ . - only", what, in_quotes(name)));
  }
  made.op = &find_operator(op);
  made.name = metadata(file, "case");
  if (path_matters) check_path(made.path, file);
  if (const auto source = file.metadata().find("source"); source != file.metadata().end())
    made.source = on_one_line(source->second);
  if (const auto params = file.metadata().find("params"); params != file.metadata().end())
    made.given_params = parse_params(params->second);
  made.params = resolve(*made.op, made.given_params);
  const DType dtype = dtype_of(file, *made.op);
  made.instance = made.op->find(dtype);
  if (made.instance == nullptr) reject(made.op->name, fmt::format("it is not offered at dtype {}", name_of(dtype)));
}

/// The tensors that the operator asks for, and no others.
void take_tensors(GoldenCase& made, const SafetensorsFile& file, Outputs outputs) {
  made.inputs = TensorPack(made.instance->inputs.size());
  made.inputs.keep(file.owner());
  Taker taker(file);
  for (std::size_t i = 0; i < made.instance->inputs.size(); ++i)
    made.inputs[i] = taker.take_field(made.instance->inputs[i]);
  const auto slots = made.inputs.slots();
  const std::vector<Shape> shapes = infer(*made.op, *made.instance, made.params, slots);
  validate(*made.op, *made.instance, made.params, made.inputs);
  if (outputs != Outputs::not_needed) take_outputs(made, taker, outputs, shapes);
  taker.finish();
}

GoldenCase bind_case(const SafetensorsFile& file, const fs::path& path, Outputs outputs) {
  GoldenCase made;
  made.path = path;
  try {
    read_metadata(made, file, outputs != Outputs::not_needed);
    take_tensors(made, file, outputs);
  } catch (const InvalidArgument& problem) {
    refuse(path, problem.what());
  }
  return made;
}

/// The tensors of a case file that have to be read.
WantedTensors wanted_tensors(Outputs outputs) {
  if (outputs != Outputs::not_needed) return {};
  return [](std::string_view name) { return !name.starts_with("out.") && !name.starts_with("out64."); };
}

// ---- a folder ----

std::string sha256(const RegularFile& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<std::byte> buffer(1 << 16);
  for (std::uint64_t at = 0; at < file.size(); at += buffer.size()) {
    const std::span part = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), file.size() - at));
    file.read(at, part);
    EVP_DigestUpdate(context.get(), part.data(), part.size());
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

Manifest read_manifest(const fs::path& path) {
  constexpr std::uint64_t longest = 100'000'000;  // as for a safetensors header: a million files
  const RegularFile file(path);
  if (file.size() > longest)
    refuse(path, fmt::format("it has {} bytes, more than the {} allowed", file.size(), longest));
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  file.require_unchanged();
  try {
    return parse_manifest(text);
  } catch (const InvalidArgument& problem) {
    refuse(path, problem.what());
  }
}

/// What a folder holds, links followed, in the order of the names.
std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) entries.push_back(*at);
  if (error) refuse(folder, fmt::format("the folder cannot be read: {}", error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// What editors, version control and people leave beside the cases. A case is never passed over.
bool is_passed_over(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.starts_with('.')) return true;
  return (name.starts_with("README") || name.starts_with("LICENSE")) && path.extension() != ".safetensors";
}

/// Paths of all case files below root, relative to it, in order. Anything that looks like neither a case nor a manifest
/// is refused: a file nobody reads is a check nobody makes.
std::vector<std::string> list_files(const fs::path& root) {
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) refuse(root, "there is no such folder of golden cases");
  std::vector<std::string> files;
  const auto take = [&](const fs::path& path) {
    files.push_back(path.lexically_relative(root).generic_string());
    if (!is_case_path(files.back()))
      refuse(path, "it is no golden case: <operator>/<case>.safetensors is expected, named with A-Z a-z 0-9 _ . -");
  };
  for (const fs::directory_entry& entry : entries_of(root)) {
    if (entry.path().filename() == manifest_name || is_passed_over(entry.path())) continue;
    if (!entry.is_directory(ignored)) take(entry.path());  // refuses it: a case lies one folder deeper
    for (const fs::directory_entry& inner : entries_of(entry.path()))
      if (!is_passed_over(inner.path())) take(inner.path());
  }
  return files;
}

UnreadFile unread_file(const fs::path& root, const std::string& file) {
  const fs::path path(file);
  return {path.parent_path().string(), path.stem().string(), root / path};
}

DamagedFile damaged_file(const fs::path& root, const std::string& file, std::string reason) {
  const fs::path path(file);
  return {path.parent_path().string(), path.stem().string(), std::move(reason), root / path};
}

/// Adds a case, or a damaged file where `listed_digest` is given and another. The file is opened once, so that what is
/// parsed has the digest.
void read_file(GoldenFolder& folder, const fs::path& root, const std::string& file, const std::string* listed_digest,
               Outputs outputs) {
  const RegularFile opened(root / file);
  if (listed_digest != nullptr) {
    const std::string digest = sha256(opened);
    if (digest != *listed_digest) {
      folder.damaged.push_back(damaged_file(
          root, file, fmt::format("{} has SHA-256 {}, but the manifest says {}", file, digest, *listed_digest)));
      return;
    }
  }
  folder.cases.push_back(bind_case(SafetensorsFile::read(opened), root / file, outputs));
}

}  // namespace

bool GoldenCase::has_out64() const {
  for (std::size_t i = 0; i < out64.size(); ++i)
    if (instance->outputs[i].bound && !out64[i]) return false;
  return true;
}

GoldenCase read_case(const fs::path& path, Outputs outputs) {
  return bind_case(SafetensorsFile::read(path, wanted_tensors(outputs)), path, outputs);
}

GoldenCase parse_case(std::span<const std::byte> bytes, const fs::path& path, Outputs outputs) {
  return bind_case(SafetensorsFile::parse(bytes, on_one_line(path.string()), wanted_tensors(outputs)), path, outputs);
}

GoldenFolder open_golden(const fs::path& root, bool manifest_required, const WantedCases& wanted) {
  const std::vector<std::string> files = list_files(root);
  const fs::path manifest_path = root / manifest_name;
  std::error_code ignored;
  const bool has_manifest = fs::symlink_status(manifest_path, ignored).type() != fs::file_type::not_found;
  if (manifest_required && !has_manifest)
    refuse(manifest_path, "the project's own folder must have a manifest; scripts/record_golden writes it");
  const Outputs outputs = manifest_required ? Outputs::with_out64 : Outputs::needed;
  GoldenFolder folder;
  Manifest manifest;
  if (has_manifest) manifest = read_manifest(manifest_path);
  for (const std::string& file : files) {
    const auto listed = manifest.extract(file);
    if (has_manifest && !listed) {
      folder.damaged.push_back(damaged_file(root, file, fmt::format("{} is not in the manifest", file)));
    } else if (UnreadFile named = unread_file(root, file); wanted && !wanted(named.op, named.name)) {
      folder.unread.push_back(std::move(named));
    } else {
      read_file(folder, root, file, has_manifest ? &listed.mapped() : nullptr, outputs);
    }
  }
  for (const auto& [file, digest] : manifest)
    folder.damaged.push_back(damaged_file(root, file, fmt::format("{} is in the manifest, but missing", file)));
  if (folder.cases.empty() && folder.damaged.empty() && folder.unread.empty())
    refuse(root, "there is no golden case below this folder");
  return folder;
}

}  // namespace assay
