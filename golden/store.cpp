// Reading golden cases: the manifest, then each file's metadata and tensors against the operator's contract.
#include "golden/store.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "golden/safetensors.h"
#include "golden/text.h"
#include "reference/registry.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view extension = ".safetensors";

[[noreturn]] void refuse(const fs::path& file, const std::string& message) {
  throw InvalidArgument(fmt::format("{}: {}", file.string(), message));
}

// ---- one file ----

const std::string& metadata(const fs::path& path, const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) refuse(path, fmt::format("metadata entry {} is missing", key));
  return found->second;
}

/// A golden file's own folder and stem must be what its metadata say.
void check_path(const fs::path& path, const SafetensorsFile& file) {
  const std::string op = metadata(path, file, "operator"), name = metadata(path, file, "case");
  if (path.stem().string() != name)
    refuse(path, fmt::format("metadata say case {}, but the file is named {}", in_quotes(name),
                             in_quotes(path.stem().string())));
  if (path.parent_path().filename().string() != op) {
    refuse(path, fmt::format("metadata say operator {}, but the folder is {}", in_quotes(op),
                             in_quotes(path.parent_path().filename().string())));
  }
}

bool is_case_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

Scalar to_scalar(const fs::path& path, const std::string& name, const json& value) {
  if (value.is_boolean()) return Scalar(value.get<bool>());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    refuse(path, fmt::format("parameter {} is {}, more than 63 bits hold", in_quotes(name), value.dump()));
  if (value.is_number_integer()) return Scalar(value.get<std::int64_t>());
  if (value.is_number_float()) return Scalar(value.get<double>());
  refuse(path,
         fmt::format("parameter {} is {}, but a boolean or a number is needed", in_quotes(name), value.type_name()));
}

/// Parses the JSON object of `params`; a key that stands twice is refused.
NamedScalars parse_params(const fs::path& path, const std::string& text) {
  std::set<std::string> seen;
  std::string twice;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 && !seen.insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  const json params = json::parse(text, watch, false);
  if (!params.is_object())
    refuse(path, fmt::format("metadata entry params is {}, but a JSON object is needed", in_quotes(text)));
  if (!twice.empty()) refuse(path, fmt::format("metadata entry params has {} twice", in_quotes(twice)));
  NamedScalars named;
  for (const auto& [name, value] : params.items()) named[name] = to_scalar(path, name, value);
  return named;
}

std::optional<DType> dtype_named(std::string_view name) {
  for (const DType dtype : {DType::boolean, DType::u8, DType::i64, DType::f32, DType::f64})
    if (name_of(dtype) == name) return dtype;
  return std::nullopt;
}

/// The operator's dtype: the metadata's, else that of the first input that carries it, else f32.
DType dtype_of(const fs::path& path, const SafetensorsFile& file, const OperatorEntry& op) {
  if (const auto given = file.metadata().find("dtype"); given != file.metadata().end()) {
    if (const auto dtype = dtype_named(given->second)) return *dtype;
    refuse(path, fmt::format("metadata entry dtype is {}, which is none", in_quotes(given->second)));
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
  Taker(const fs::path& path, const SafetensorsFile& file) : path_(path), file_(file) {
    for (const NamedTensor& stored : file.tensors()) left_.insert(stored.name);
  }

  const TensorRef* take(const std::string& name) {
    const TensorRef* found = file_.find(name);
    if (found != nullptr) left_.erase(name);
    return found;
  }
  const TensorRef& need(const std::string& name) {
    const TensorRef* found = take(name);
    if (found == nullptr) refuse(path_, fmt::format("tensor {} is missing", name));
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
    return taken;
  }
  /// Refuses what is left, but for outputs where those do not matter.
  void finish(bool outputs_ignored) const {
    for (const std::string& name : left_) {
      if (outputs_ignored && (name.starts_with("out.") || name.starts_with("out64."))) continue;
      refuse(path_, fmt::format("tensor {} is nothing the operator asks for", in_quotes(name)));
    }
  }

 private:
  const fs::path& path_;
  const SafetensorsFile& file_;
  std::set<std::string, std::less<>> left_;
};

void check_output(const fs::path& path, const std::string& name, const TensorRef& tensor, DType dtype,
                  const Shape& shape) {
  if (tensor.dtype != dtype)
    refuse(path, fmt::format("tensor {} is {}, but {} is needed", name, name_of(tensor.dtype), name_of(dtype)));
  if (!(tensor.shape == shape))
    refuse(path, fmt::format("tensor {} has shape {}, but the inputs give {}", name, to_string(tensor.shape),
                             to_string(shape)));
}

void take_outputs(GoldenCase& made, Taker& taker, Outputs wanted, const std::vector<Shape>& shapes) {
  for (std::size_t i = 0; i < made.instance->outputs.size(); ++i) {
    const FieldInfo& field = made.instance->outputs[i];
    const std::string out = fmt::format("out.{}", field.name), out64 = fmt::format("out64.{}", field.name);
    made.out.emplace_back(taker.need(out));
    check_output(made.path, out, *made.out.back(), field.dtype, shapes[i]);
    const TensorRef* witness = field.bound ? taker.take(out64) : nullptr;
    if (witness == nullptr && field.bound && wanted == Outputs::with_out64)
      refuse(made.path, fmt::format("tensor {} is missing", out64));
    made.out64.push_back(witness != nullptr ? std::optional(*witness) : std::nullopt);
    if (witness != nullptr) check_output(made.path, out64, *witness, DType::f64, shapes[i]);
  }
}

// ---- a folder ----

std::string sha256(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) refuse(path, "it cannot be read");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 16);
  while (stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), stream.gcount() > 0)
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(stream.gcount()));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

using Manifest = std::map<std::string, std::string>;  ///< relative path -> SHA-256

Manifest read_manifest(const fs::path& path) {
  if (!fs::is_regular_file(path)) refuse(path, "it is no regular file");
  std::ifstream stream(path);
  const json parsed = json::parse(stream, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("format") || parsed["format"] != 1 || !parsed.contains("files") ||
      !parsed["files"].is_object())
    refuse(path, "it is not a manifest of format 1: {\"format\": 1, \"files\": {path: SHA-256}}");
  Manifest manifest;
  for (const auto& [file, digest] : parsed["files"].items()) {
    if (!digest.is_string()) refuse(path, fmt::format("the digest of {} is no string", in_quotes(file)));
    manifest[file] = digest.get<std::string>();
  }
  return manifest;
}

/// Paths of all case files below root, relative to it, in order. Anything that looks like neither a case nor a manifest
/// is refused: a file nobody reads is a check nobody makes.
std::vector<std::string> list_files(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) refuse(root, "there is no such folder of golden cases");
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root, error)) {
    const fs::path relative = entry.path().lexically_relative(root);
    const auto depth = std::distance(relative.begin(), relative.end());
    if ((entry.is_directory() && depth == 1) || relative == "manifest.json") continue;
    if (entry.path().extension() != extension || depth != 2 || !is_case_name(entry.path().stem().string()))
      refuse(entry.path(),
             "it is no golden case: <operator>/<case>.safetensors is expected, named with A-Z a-z 0-9 _ . -");
    files.push_back(relative.generic_string());
  }
  if (error) refuse(root, fmt::format("the folder cannot be read: {}", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

/// Why a file must not be trusted; empty if the manifest vouches for it.
std::string damage(const fs::path& root, const std::string& file, const Manifest& manifest) {
  const auto listed = manifest.find(file);
  if (listed == manifest.end()) return fmt::format("{} is not in the manifest", file);
  const std::string digest = sha256(root / file);
  if (digest == listed->second) return {};
  return fmt::format("{} has SHA-256 {}, but the manifest says {}", file, digest, listed->second);
}

DamagedFile damaged_file(const std::string& file, std::string reason) {
  const fs::path path(file);
  return {path.parent_path().string(), path.stem().string(), std::move(reason)};
}

}  // namespace

bool GoldenCase::has_out64() const {
  for (std::size_t i = 0; i < out64.size(); ++i)
    if (instance->outputs[i].bound && !out64[i]) return false;
  return true;
}

GoldenCase read_case(const fs::path& path, Outputs outputs) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  if (const std::string& format = metadata(path, file, "assay.format"); format != "1")
    refuse(path, fmt::format("metadata entry assay.format is {}, but this program reads format 1", in_quotes(format)));
  GoldenCase made;
  made.path = path;
  try {
    made.op = &find_operator(metadata(path, file, "operator"));
    made.name = metadata(path, file, "case");
    if (!is_case_name(made.name))
      refuse(path, fmt::format("metadata say case {}, but a name has A-Z a-z 0-9 _ . - only", in_quotes(made.name)));
    if (outputs != Outputs::not_needed) check_path(path, file);
    if (const auto source = file.metadata().find("source"); source != file.metadata().end())
      made.source = source->second;
    const auto params = file.metadata().find("params");
    if (params != file.metadata().end()) made.given_params = parse_params(path, params->second);
    made.params = resolve(*made.op, made.given_params);
    const DType dtype = dtype_of(path, file, *made.op);
    made.instance = made.op->find(dtype);
    if (made.instance == nullptr) reject(made.op->name, fmt::format("it is not offered at dtype {}", name_of(dtype)));
    made.inputs = TensorPack(made.instance->inputs.size());
    made.inputs.keep(file.owner());
    Taker taker(path, file);
    for (std::size_t i = 0; i < made.instance->inputs.size(); ++i)
      made.inputs[i] = taker.take_field(made.instance->inputs[i]);
    const auto slots = made.inputs.slots();
    const std::vector<Shape> shapes = infer(*made.op, *made.instance, made.params, slots);
    if (made.instance->validate != nullptr) made.instance->validate(made.params, slots);
    if (outputs != Outputs::not_needed) take_outputs(made, taker, outputs, shapes);
    taker.finish(outputs == Outputs::not_needed);
  } catch (const InvalidArgument& problem) {
    const std::string message = problem.what();
    if (message.starts_with(path.string())) throw;
    refuse(path, message);
  }
  return made;
}

GoldenFolder open_golden(const fs::path& root, bool manifest_required) {
  const std::vector<std::string> files = list_files(root);
  const fs::path manifest_path = root / "manifest.json";
  const bool has_manifest = fs::exists(manifest_path);
  if (manifest_required && !has_manifest)
    refuse(manifest_path, "the project's own folder must have a manifest; scripts/record_golden writes it");
  GoldenFolder folder;
  Manifest manifest;
  if (has_manifest) manifest = read_manifest(manifest_path);
  for (const std::string& file : files) {
    if (has_manifest) {
      if (std::string reason = damage(root, file, manifest); !reason.empty()) {
        folder.damaged.push_back(damaged_file(file, std::move(reason)));
        manifest.erase(file);
        continue;
      }
      manifest.erase(file);
    }
    folder.cases.push_back(read_case(root / file, manifest_required ? Outputs::with_out64 : Outputs::needed));
  }
  for (const auto& [file, digest] : manifest)
    folder.damaged.push_back(damaged_file(file, fmt::format("{} is in the manifest, but missing", file)));
  if (folder.cases.empty() && folder.damaged.empty()) refuse(root, "there is no golden case below this folder");
  return folder;
}

}  // namespace assay
