// `assay list`: what there is, and why something is not.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "backends/registry.h"
#include "bench/base/streams.h"
#include "bench/program/verbs.h"
#include "bench/report/json_text.h"
#include "bench/report/output.h"
#include "bench/report/table.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

using nlohmann::json;

struct ListOptions {
  std::string what, describe, json;
};

std::string dtypes_of(const OperatorEntry& op) {
  std::vector<std::string_view> names;
  for (const OperatorInstance& instance : op.instances) names.push_back(name_of(instance.dtype));
  return fmt::format("{}", fmt::join(names, " "));
}

std::string kind_of(const ParamInfo& param) {
  switch (param.kind) {
    case Scalar::Kind::boolean: return "boolean";
    case Scalar::Kind::integer: return "integer";
    default: return "real";
  }
}

std::string arity_of(const FieldInfo& field) {
  return field.arity == Arity::list ? "list" : field.arity == Arity::optional ? "optional" : "";
}

std::string role_of(const FieldInfo& field) {
  return field.role == Role::shape ? "shape" : field.role == Role::weight ? "weight" : "activation";
}

std::string agreement_of(const FieldInfo& field) {
  if (field.judged) return "judged by the operator";
  return field.bound ? fmt::format("within {}·u·S", field.bound->c) : "exact";
}

std::string_view derivation_of(const FieldInfo& field) {
  return field.bound ? field.bound->derivation : std::string_view();
}

// ---- operators ----

json describe_json(const OperatorEntry& op) {
  json params = json::array(), inputs = json::array(), outputs = json::array(), dtypes = json::array();
  for (const ParamInfo& param : op.params)
    params.push_back({{"name", param.name},
                      {"type", kind_of(param)},
                      {"required", param.required},
                      {"default", param.required ? json(nullptr) : json(to_string(param.default_value))},
                      {"meaning", param.meaning}});
  for (const OperatorInstance& instance : op.instances) dtypes.push_back(name_of(instance.dtype));
  for (const FieldInfo& field : op.instances.front().inputs)
    inputs.push_back({{"name", field.name},
                      {"dtype", name_of(field.dtype)},
                      {"axes", field.axes},
                      {"arity", arity_of(field)},
                      {"role", role_of(field)}});
  for (const FieldInfo& field : op.instances.front().outputs)
    outputs.push_back({{"name", field.name},
                       {"dtype", name_of(field.dtype)},
                       {"axes", field.axes},
                       {"bound", agreement_of(field)},
                       {"derivation", derivation_of(field)}});
  return {{"name", op.name},  {"summary", op.summary}, {"formula", op.formula}, {"source", op.source},
          {"dtypes", dtypes}, {"params", params},      {"inputs", inputs},      {"outputs", outputs}};
}

void print_cases(const OperatorEntry& op) {
  Table cases({"case", "tier", "source"});
  for (const Case& made : op.cases()) cases.add({made.name, std::string(name_of(made.tier)), made.source});
  say("\n" + cases.text(3));
}

void print_description(const OperatorEntry& op) {
  say(fmt::format("{}: {}\nformula: {}\nsource: {}\ndtypes: {}\n", op.name, op.summary, op.formula, op.source,
                  dtypes_of(op)));
  Table params({"parameter", "type", "default", "meaning"});
  for (const ParamInfo& param : op.params)
    params.add({std::string(param.name), kind_of(param), param.required ? "(required)" : to_string(param.default_value),
                std::string(param.meaning)});
  if (!op.params.empty()) say("\n" + params.text(4));
  const OperatorInstance& instance = op.instances.front();
  Table inputs({"input", "dtype", "axes", "role", ""});
  for (const FieldInfo& field : instance.inputs)
    inputs.add({std::string(field.name), std::string(name_of(field.dtype)), fmt::format("[{}]", field.axes),
                role_of(field), arity_of(field)});
  if (!instance.inputs.empty()) say("\n" + inputs.text(5));
  Table outputs({"output", "dtype", "axes", "agreement"});
  for (const FieldInfo& field : instance.outputs)
    outputs.add({std::string(field.name), std::string(name_of(field.dtype)), fmt::format("[{}]", field.axes),
                 agreement_of(field)});
  say("\n" + outputs.text(4));
  for (const FieldInfo& field : instance.outputs)
    if (field.bound) say(fmt::format("bound of {}: {}\n", field.name, derivation_of(field)));
  print_cases(op);
}

json list_operators() {
  Table table({"operator", "dtypes", "cases", "summary"});
  json list = json::array();
  for (const OperatorEntry& op : operators()) {
    table.add({std::string(op.name), dtypes_of(op), fmt::format("{}", op.cases().size()), std::string(op.summary)});
    list.push_back(describe_json(op));
  }
  say(table.text(4));
  return {{"operators", std::move(list)}};
}

// ---- backends ----

json list_backends() {
  Table table({"backend", "device", "module", "description, or why it is not there"});
  json list = json::array();
  for (const std::string_view name : backend_names()) {
    const BackendStatus& status = find_backend(name);
    const bool usable = status.backend != nullptr && status.unavailable.empty();
    const std::string device(status.backend == nullptr ? "–" : status.backend->device());
    const std::string says = usable ? std::string(status.backend->description())
                                    : coloured("UNAVAILABLE", "UNAVAILABLE") + ": " + status.unavailable;
    table.add({std::string(name), device, status.module.empty() ? "–" : status.module, says});
    list.push_back({{"name", name},
                    {"device", device},
                    {"module", status.module},
                    {"available", usable},
                    {"reason", status.unavailable}});
  }
  say(table.text(4));
  return {{"backends", std::move(list)}};
}

// ---- cases ----

json list_cases() {
  CaseOptions options;
  options.drawn = Drawn::share;
  const CaseList found = collect_cases(options);
  Table table({"operator/case", "dtype", "tier", "from", "source"});
  json list = json::array();
  for (const BoundCase& bound : found.cases) {
    const std::string from = bound.golden ? "golden" : "recipe";
    table.add({fmt::format("{}/{}", bound.op->name, bound.name), std::string(name_of(bound.instance->dtype)),
               std::string(name_of(bound.tier)), from, bound.source});
    list.push_back({{"operator", bound.op->name},
                    {"case", bound.name},
                    {"dtype", name_of(bound.instance->dtype)},
                    {"tier", name_of(bound.tier)},
                    {"from", from},
                    {"source", bound.source}});
  }
  say(table.text(5));
  return {{"cases", std::move(list)}};
}

// ---- the support matrix ----

std::string support_of(const OperatorEntry& op, std::string_view backend) {
  const BackendStatus& status = find_backend(backend);
  if (status.backend == nullptr) return "unavailable";
  std::vector<std::string_view> dtypes;
  for (const OperatorInstance& instance : op.instances)
    if (status.backend->kernels().find(op.name, instance.dtype) != nullptr) dtypes.push_back(name_of(instance.dtype));
  if (dtypes.empty()) return "–";
  return fmt::format("{}{}", fmt::join(dtypes, " "), status.unavailable.empty() ? "" : " (unavailable)");
}

json list_support() {
  std::vector<std::string> heading = {"operator"};
  for (const std::string_view name : backend_names()) heading.emplace_back(name);
  Table table(heading);
  json list = json::array();
  for (const OperatorEntry& op : operators()) {
    std::vector<std::string> line = {std::string(op.name)};
    json backends;
    for (const std::string_view name : backend_names()) {
      line.push_back(support_of(op, name));
      backends[std::string(name)] = line.back();
    }
    table.add(std::move(line));
    list.push_back({{"operator", op.name}, {"backends", std::move(backends)}});
  }
  say(table.text(9));
  return {{"support", std::move(list)}};
}

int list(const ListOptions& options) {
  prepare_outputs({&options.json, 1});
  json listed;
  if (!options.describe.empty()) {
    const OperatorEntry& op = find_operator(options.describe);
    print_description(op);
    listed = describe_json(op);
  } else if (options.what == "operators") {
    listed = list_operators();
  } else if (options.what == "backends") {
    listed = list_backends();
  } else if (options.what == "cases") {
    listed = list_cases();
  } else if (options.what.empty()) {
    listed = list_support();
  } else {
    throw InvalidArgument(
        fmt::format("there is nothing called {} to list; operators, backends and cases are there", options.what));
  }
  if (!options.json.empty()) write_whole(options.json, json_text(listed));
  return ExitCode::ok;
}

}  // namespace

void add_list(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<ListOptions>();
  Verb verb = line.add_verb("list", "What there is; without a word, which backend supports which operator");
  verb.add_option("what", options->what, "operators, backends or cases").type_name("WHAT");
  verb.add_option("--describe", options->describe,
                  "One operator's contract: formula, parameters, inputs, outputs, bounds and cases")
      .type_name("OPERATOR")
      .not_empty();
  verb.add_option("--json", options->json, "Write the same as JSON; - is standard output")
      .type_name("FILE")
      .not_empty();
  verb.when_chosen([options, &chosen] { chosen = [options] { return list(*options); }; });
}

}  // namespace assay::bench
