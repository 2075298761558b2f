// Folders of golden cases: <root>/<operator>/<case>.safetensors, as scripts/record_golden or a user's own script leaves
// them. Start with open_golden(); read_case() also serves single files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/operator.h"

namespace assay {

/// One file: an operator's inputs and what a framework made of them.
struct GoldenCase {
  const OperatorEntry* op = nullptr;
  const OperatorInstance* instance = nullptr;  ///< at the file's dtype
  std::string name, source;
  Scalars params;
  NamedScalars given_params;  ///< as the file has them
  TensorPack inputs;
  std::vector<std::optional<TensorRef>> out, out64;  ///< by output, in contract order; kept alive by `inputs`
  std::filesystem::path path;

  bool has_out64() const;  ///< of every inexact output
};

/// What a case file must hold besides its inputs.
enum class Outputs : std::uint8_t {
  not_needed,  ///< `assay run`: it computes them, so those in the file are not read
  needed,      ///< a user's folder: out.* of every output
  with_out64,  ///< the project's folder: out64.* of every inexact output, too
};

/// Reads a file and binds it to its operator's contract. InvalidArgument names the file and what is wrong with which
/// tensor, parameter or metadata entry. Shapes and extents are checked as for any other input.
GoldenCase read_case(const std::filesystem::path& path, Outputs outputs);

/// The same for a file's bytes in memory that would lie at `path`. The bytes are copied and may go away.
GoldenCase parse_case(std::span<const std::byte> bytes, const std::filesystem::path& path, Outputs outputs);

/// A file whose bytes are not those of the manifest; it was not parsed.
struct DamagedFile {
  std::string op, name;  ///< from the path
  std::string reason;
  std::filesystem::path path;  ///< where it is, or would be
};

/// A file that was not opened, since nobody wanted it.
struct UnreadFile {
  std::string op, name;  ///< from the path
  std::filesystem::path path;
};

struct GoldenFolder {
  std::vector<GoldenCase> cases;
  std::vector<DamagedFile> damaged;
  std::vector<UnreadFile> unread;
};

/// Which case files a run needs, by operator and case; empty for all.
using WantedCases = std::function<bool(std::string_view op, std::string_view name)>;

/// The wanted cases below `root`; other files are not opened. Hidden files, README* and LICENSE* are passed over. Where
/// there is a manifest.json each wanted file is held against its SHA-256 first, and one that differs is damaged; so is
/// any file, wanted or not, that is missing or not listed. Anything else that is wrong is InvalidArgument.
/// `manifest_required` is for the project's own folder.
GoldenFolder open_golden(const std::filesystem::path& root, bool manifest_required, const WantedCases& wanted = {});

}  // namespace assay
