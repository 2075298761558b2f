// The JSON in golden folders, read as if an enemy had written it: a case's parameters and the manifest. Both are flat,
// so that a nested value is refused when it opens and deep nesting costs nothing. store.h is where they are used.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reference/operator.h"

namespace assay {

/// What operators, cases and parameters may be called: A-Z a-z 0-9 _ . - and no longer than a file's name can be.
bool is_plain_name(std::string_view name);

/// Whether `path` is <operator>/<case>.safetensors with plain names, spelt in the one way there is.
bool is_case_path(std::string_view path);

/// Parses the metadata entry `params`. InvalidArgument says what is wrong, without the file.
NamedScalars parse_params(std::string_view text);

/// manifest.json: path of a case file, as is_case_path wants it -> SHA-256, 64 hexadecimal digits.
using Manifest = std::map<std::string, std::string, std::less<>>;

/// Parses {"format": 1, "files": {path: SHA-256}}. InvalidArgument says what is wrong, without the file.
Manifest parse_manifest(std::string_view text);

}  // namespace assay
