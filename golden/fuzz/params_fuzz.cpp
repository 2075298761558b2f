// Whole golden cases: metadata, the JSON of `params`, and tensors against their operator's contract. The input is text,
// so that mutations change what a case says rather than where its bytes lie (safetensors_fuzz has those):
//
//     operator=padding_mask          metadata, KEY=VALUE
//     params={"height": 4}
//
//     in.sizes i64 2,2 = 3 4 4 3     tensors: name, dtype, extents, and elements that repeat until it is full
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "golden/fuzz/target.h"
#include "golden/safetensors.h"
#include "golden/store.h"
#include "golden/store_json.h"
#include "reference/registry.h"

namespace assay::fuzz {
namespace {

using nlohmann::json;

constexpr std::array all_dtypes = {DType::boolean, DType::u8, DType::i64, DType::f32, DType::f64};

// ---- from text to a file's bytes ----

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<Shape> shape_of(std::string_view text) {
  constexpr std::int64_t most = 1 << 14;  // elements: enough for every operator's smallest cases, and quickly filled
  Shape shape;
  for (const std::string_view part : split(text, ',')) {
    const auto extent = number<std::int64_t>(part);
    if (!extent || shape.rank() == Shape::max_rank) return std::nullopt;
    shape.push_back(*extent);
  }
  const auto elements = checked_elements(shape);
  return elements && *elements <= most ? std::optional(shape) : std::nullopt;
}

/// Calls `use` with the tensor's elements as what they are.
template <class Use>
void with_elements(const TensorRef& tensor, Use use) {
  switch (tensor.dtype) {
    case DType::boolean: return use(static_cast<bool*>(tensor.data));
    case DType::u8: return use(static_cast<std::uint8_t*>(tensor.data));
    case DType::i64: return use(static_cast<std::int64_t*>(tensor.data));
    case DType::f32: return use(static_cast<float*>(tensor.data));
    case DType::f64: return use(static_cast<double*>(tensor.data));
  }
}

/// The element nearest to a number; NaN becomes the least where there is none.
template <class T>
T element_of(double value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_integral_v<T>) {
    if (!(value > static_cast<double>(std::numeric_limits<T>::min()))) return std::numeric_limits<T>::min();
    if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  } else {
    constexpr auto most = static_cast<double>(std::numeric_limits<T>::max());
    return static_cast<T>(std::isfinite(value) ? std::clamp(value, -most, most) : value);
  }
}

/// Fills a tensor with elements that repeat; with zeros where there are none.
void fill_repeating(const TensorRef& tensor, const std::vector<double>& elements) {
  with_elements(tensor, [&]<class T>(T* data) {
    const auto count = static_cast<std::size_t>(tensor.shape.elements());
    for (std::size_t i = 0; i < count; ++i)
      data[i] = elements.empty() ? T{} : element_of<T>(elements[i % elements.size()]);
  });
}

/// Adds the tensor that a line speaks of, if it does.
void add_tensor(std::string_view line, std::vector<NamedTensor>& tensors, TensorPack& memory) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() < 2) return;
  const auto dtype =
      std::find_if(all_dtypes.begin(), all_dtypes.end(), [&](DType d) { return name_of(d) == words[1]; });
  const bool scalar = words.size() < 3 || words[2] == "=";
  const auto shape = scalar ? Shape{} : shape_of(words[2]);
  if (dtype == all_dtypes.end() || !shape) return;
  std::vector<double> elements;
  for (std::size_t i = scalar ? 3 : 4; i < words.size(); ++i) elements.push_back(number<double>(words[i]).value_or(1));
  const TensorRef tensor = new_host_tensor(memory, *dtype, *shape);
  fill_repeating(tensor, elements);
  tensors.push_back({std::string(words[0]), tensor});
}

/// The file that a text stands for; nothing if no safetensors file can be that.
std::optional<std::string> file_of(std::string_view text) {
  std::map<std::string, std::string> metadata = {{"assay.format", "1"}, {"case", "c"}};
  std::vector<NamedTensor> tensors;
  TensorPack memory;
  bool in_metadata = true;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (line.empty()) {
      in_metadata = false;
    } else if (!in_metadata) {
      add_tensor(line, tensors, memory);
    } else if (equals != std::string_view::npos) {
      metadata[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    }
  }
  try {
    return pack_safetensors(metadata, tensors, "g");
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

// ---- seeds ----

void append_tensor(std::string& text, const std::string& name, const TensorRef& tensor) {
  constexpr std::int64_t shown = 200;  // elements; the rest repeats them
  text += fmt::format("{} {} {} =", name, name_of(tensor.dtype), fmt::join(tensor.shape, ","));
  with_elements(tensor, [&](const auto* data) {
    for (std::int64_t i = 0; i < std::min(tensor.shape.elements(), shown); ++i)
      text += fmt::format(" {}", static_cast<double>(data[i]));
  });
  text += '\n';
}

std::string params_text(const OperatorEntry& op, const Scalars& params) {
  json made = json::object();
  for (std::size_t i = 0; i < params.size(); ++i) {
    const std::string name(op.params[i].name);
    switch (params[i].kind) {
      case Scalar::Kind::boolean: made[name] = params[i].boolean; break;
      case Scalar::Kind::integer: made[name] = params[i].integer; break;
      case Scalar::Kind::real: made[name] = params[i].real; break;
      case Scalar::Kind::absent: break;
    }
  }
  return made.dump();
}

/// The text of a case with its outputs, all zeros.
std::string text_of(const OperatorEntry& op, const Case& made) {
  const OperatorInstance& instance = op.instances.front();
  std::string text = fmt::format("operator={}\nparams={}\n\n", op.name, params_text(op, made.params));
  TensorPack inputs(instance.inputs.size());
  for (const CaseInput& input : made.inputs) {
    const auto field = std::find_if(instance.inputs.begin(), instance.inputs.end(),
                                    [&](const FieldInfo& info) { return info.name == input.field; });
    auto& slot = inputs[static_cast<std::size_t>(field - instance.inputs.begin())];
    slot.push_back(new_host_tensor(inputs, field->dtype, input.shape));
    fill(slot.back(), input.recipe, 0);
    append_tensor(text,
                  field->arity == Arity::list ? fmt::format("in.{}.{}", field->name, slot.size() - 1)
                                              : fmt::format("in.{}", field->name),
                  slot.back());
  }
  const std::vector<Shape> shapes = infer(op, instance, made.params, inputs.slots());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const FieldInfo& field = instance.outputs[i];
    text += fmt::format("out.{} {} {} =\n", field.name, name_of(field.dtype), fmt::join(shapes[i], ","));
    if (field.bound) text += fmt::format("out64.{} f64 {} =\n", field.name, fmt::join(shapes[i], ","));
  }
  return text;
}

/// The shortest text among a few cases of the operator.
std::string smallest_case(const OperatorEntry& op) {
  constexpr std::int64_t looked_at = 24;
  std::string shortest;
  for (const Case& made : random_cases(op, 0, looked_at)) {
    const std::string text = text_of(op, made);
    if (shortest.empty() || text.size() < shortest.size()) shortest = text;
  }
  return shortest;
}

std::vector<std::string> hostile_cases() {
  std::vector<std::string> made;
  const auto params = [](std::string_view text) {
    return fmt::format("operator=padding_mask\nparams={}\n\nin.sizes i64 1,2 = 2 3\nout.mask bool 1,2,3 = 0\n", text);
  };
  for (const char* text : {"{}",
                           "",
                           "null",
                           "[]",
                           "7",
                           "{",
                           "{}{}",
                           "{\"height\": 2}",
                           "{\"height\": 2, \"height\": 2}",
                           "{\"height\": 2, \"h\\u0065ight\": 2}",
                           "{\"hieght\": 2}",
                           "{\"\": 2}",
                           "{\"\\u001b[31m\": 2}",
                           "{\"height\": 1}",
                           "{\"height\": -1}",
                           "{\"height\": 2.0}",
                           "{\"height\": true}",
                           "{\"height\": null}",
                           "{\"height\": \"2\"}",
                           "{\"height\": [2]}",
                           "{\"height\": {\"a\": 2}}",
                           "{\"height\": 1e400}",
                           "{\"height\": 9223372036854775807}",
                           "{\"height\": 9223372036854775808}",
                           "{\"height\": 18446744073709551616}",
                           "{\"height\": -9223372036854775809}",
                           "{\"height\": 2} x",
                           "{\"height\": 02}",
                           "{\"height\": NaN}"})
    made.push_back(params(text));
  made.push_back(params("\xef\xbb\xbf{}"));
  made.push_back(params("{\"height\": " + std::string(300, '[')));
  made.emplace_back("operator=\x1b[31m\n");
  made.emplace_back("operator=padding_mask\ncase=../c\n");
  made.emplace_back("operator=padding_mask\ndtype=f17\n\nin.sizes i64 1,2 = 2 3\n");
  made.emplace_back("operator=padding_mask\nassay.format=2\n");
  made.emplace_back("operator=padding_mask\n\nin.sizes i64 0,2\n");
  made.emplace_back("operator=padding_mask\n\nin.sizes i64 1,2 = 9223372036854775807 9223372036854775807\n");
  made.emplace_back(
      "operator=nested_tensor\nparams={\"size_divisible\": 9223372036854775807}\n\n"
      "in.images.0 f32 1,1,1\nin.images.1 f32 1,1,2\n");
  made.emplace_back("operator=nested_tensor\n\nin.images.0 u8 1,1,1\nin.images.2 u8 1,1,1\n");
  return made;
}

constexpr std::array<std::string_view, 38> words = {"operator=",
                                                    "params={",
                                                    "dtype=f32\n",
                                                    "dtype=u8\n",
                                                    "case=",
                                                    "source=\x1b",
                                                    "\n\n",
                                                    "in.",
                                                    "out.",
                                                    "out64.",
                                                    ".0 ",
                                                    ".1 ",
                                                    " f32 ",
                                                    " f64 ",
                                                    " i64 ",
                                                    " u8 ",
                                                    " bool ",
                                                    " = ",
                                                    "nan",
                                                    "inf",
                                                    "-inf",
                                                    "1e308",
                                                    "-0",
                                                    "true",
                                                    "null",
                                                    "\\u0000",
                                                    "\\u001b",
                                                    "\"height\": ",
                                                    "\"num_pos_feats\": ",
                                                    "\"window_h\": ",
                                                    "\"window_w\": ",
                                                    "\"size_divisible\": ",
                                                    "\"temperature\": ",
                                                    "\"normalize\": true",
                                                    "\"scale\": ",
                                                    "[",
                                                    "{",
                                                    ", "};

// ---- the target ----

/// What is bound must be what the contract promises to whoever computes on it.
void require_sound(const GoldenCase& made) {
  require(made.params.size() == made.op->params.size(), "a parameter has no value");
  require(made.inputs.size() == made.instance->inputs.size(), "an input has no slot");
  for (std::size_t i = 0; i < made.inputs.size(); ++i) {
    const FieldInfo& field = made.instance->inputs[i];
    require(field.arity == Arity::list ? !made.inputs[i].empty() : made.inputs[i].size() <= 1,
            "an input has a wrong number of tensors");
    require(field.arity != Arity::one || made.inputs[i].size() == 1, "an input is missing");
    for (const TensorRef& tensor : made.inputs[i])
      require(tensor.dtype == field.dtype && checked_elements(tensor.shape) && tensor.data != nullptr,
              "an input is not as declared");
  }
  const Cost cost = made.op->cost(made.params, widen(made.instance->inputs, made.inputs).slots(),
                                  static_cast<std::int64_t>(size_of(made.instance->dtype)));
  require(cost.bytes >= 0 && std::isfinite(cost.bytes) && cost.flops >= 0 && std::isfinite(cost.flops),
          "the cost of a case is no number");
}

/// The parameters, written as `assay run` writes them, must be read as the same.
void require_params_survive(const GoldenCase& made) {
  const NamedScalars again = parse_params(params_text(*made.op, made.params));
  const Scalars resolved = resolve(*made.op, again);
  for (std::size_t i = 0; i < resolved.size(); ++i) {
    require(resolved[i].kind == made.params[i].kind, "a parameter changes its kind when it is written");
    require(to_string(resolved[i]) == to_string(made.params[i]), "a parameter changes its value when it is written");
  }
}

bool reads_case(std::string_view file, const std::filesystem::path& path, Outputs outputs) {
  std::optional<GoldenCase> made;
  try {
    made = parse_case(bytes_of(file), path, outputs);
  } catch (const InvalidArgument& refusal) {
    require_sentence(refusal.what());
    require(std::string_view(refusal.what()).starts_with(path.string()), "a refusal does not name the file");
    return false;
  }
  require_sound(*made);
  require_params_survive(*made);
  return true;
}

/// The folder that a file of this text would lie in.
std::string folder_of(std::string_view text) {
  constexpr std::string_view key = "operator=";
  const std::size_t begin = text.find(key);
  if (begin == std::string_view::npos) return "folder";
  const std::string_view line = text.substr(begin + key.size());
  const std::string_view name = line.substr(0, line.find('\n'));
  return is_plain_name(name) ? std::string(name) : "folder";
}

/// Accepted where everything is asked for; whoever asks for less must accept it as well.
bool accepts(std::string_view input) {
  const auto file = file_of(input);
  if (!file) return false;
  const auto path = std::filesystem::path(folder_of(input)) / "c.safetensors";
  const bool least = reads_case(*file, path, Outputs::not_needed);
  const bool more = reads_case(*file, path, Outputs::needed);
  const bool most = reads_case(*file, path, Outputs::with_out64);
  require(least || !more, "a file is refused without its outputs, but accepted with them");
  require(more || !most, "a file is refused without a witness, but accepted with it");
  return most;
}

std::vector<std::string> seeds() {
  std::vector<std::string> made = hostile_cases();
  for (const OperatorEntry& op : operators()) {
    made.push_back(smallest_case(op));
    require(accepts(made.back()), "an operator's own case is refused");
  }
  return made;
}

}  // namespace

const Target target = {seeds, words, nullptr, accepts};

}  // namespace assay::fuzz
