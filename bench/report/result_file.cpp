// Writing rows and reading them: each writer stands before its reader. NaN and infinity have no spelling in JSON and
// become null; a null that stands for a number is read as NaN.
#include "bench/report/result_file.h"

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>

#include "bench/machine/context.h"
#include "bench/report/json_text.h"

namespace assay::bench {
namespace {

using nlohmann::json;

constexpr int schema = 1;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

constexpr std::string_view name_of(CacheState cache) { return cache == CacheState::cold ? "cold" : "hot"; }
constexpr std::string_view name_of(Allocation allocation) { return allocation == Allocation::each ? "each" : "once"; }
constexpr const char* name_of(RowList list) { return list == RowList::checks ? "checks" : "benchmarks"; }

[[noreturn]] void refuse(const std::string& sentence) { throw InvalidArgument(sentence); }

/// A value of a file in a sentence: as JSON, and never a page of it.
std::string shortened(const json& value) {
  constexpr std::size_t most = 100;
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= most ? text : text.substr(0, most) + "…";
}

/// An object of a file. Each function reads one key, and refuses the file if the key is absent or of another type.
class Object {
 public:
  /// `name` is what sentences call it.
  Object(const json& value, std::string name) : value_(value), name_(std::move(name)) {
    if (!value.is_object()) refuse(fmt::format("{} is {}, but it must be an object", name_, shortened(value)));
  }

  const std::string& name() const { return name_; }
  bool has(const char* key) const { return value_.contains(key); }
  const json& at(const char* key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) refuse(fmt::format("{} has no `{}`", name_, key));
    return *found;
  }
  Object object(const char* key) const { return {at(key), fmt::format("`{}` of {}", key, name_)}; }

  std::string text(const char* key) const {
    if (!at(key).is_string()) wrong(key, "text");
    return at(key).get<std::string>();
  }
  bool flag(const char* key) const {
    if (!at(key).is_boolean()) wrong(key, "true or false");
    return at(key).get<bool>();
  }
  /// NaN for null.
  double number(const char* key) const {
    if (at(key).is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (!at(key).is_number()) wrong(key, "a number");
    return at(key).get<double>();
  }
  std::optional<double> number_or_none(const char* key) const {
    return at(key).is_null() ? std::nullopt : std::optional(number(key));
  }
  template <std::integral T>
  T count(const char* key) const {
    return count_of<T>(at(key), key, "a count");
  }
  template <std::integral T>
  std::vector<T> counts(const char* key) const {
    std::vector<T> made;
    for (const json& value : list(key)) made.push_back(count_of<T>(value, key, "a list of counts"));
    return made;
  }
  const json& list(const char* key) const {
    if (!at(key).is_array()) wrong(key, "a list");
    return at(key);
  }
  /// One of the values that have a name.
  template <class T>
  T named(const char* key, std::optional<T> (*find)(std::string_view)) const {
    const std::optional<T> found = find(text(key));
    if (!found) wrong(key, "one of the names that this program writes");
    return *found;
  }
  [[noreturn]] void wrong(const char* key, std::string_view demand) const {
    refuse(fmt::format("{} has the `{}` {}, but it must be {}", name_, key, shortened(at(key)), demand));
  }

 private:
  template <std::integral T>
  T count_of(const json& value, const char* key, std::string_view demand) const {
    if (!value.is_number_unsigned() || !std::in_range<T>(value.get<std::uint64_t>())) wrong(key, demand);
    return value.get<T>();
  }

  const json& value_;
  std::string name_;
};

std::optional<CacheState> cache_named(std::string_view name) {
  for (const CacheState cache : {CacheState::hot, CacheState::cold})
    if (name_of(cache) == name) return cache;
  return std::nullopt;
}

std::optional<Allocation> allocation_named(std::string_view name) {
  for (const Allocation allocation : {Allocation::once, Allocation::each})
    if (name_of(allocation) == name) return allocation;
  return std::nullopt;
}

json shape_json(const Shape& shape) { return json(std::vector<std::int64_t>(shape.begin(), shape.end())); }

Shape read_shape(const Object& from, const char* key) {
  const auto extents = from.counts<std::int64_t>(key);
  if (extents.size() > Shape::max_rank) from.wrong(key, fmt::format("a shape of rank {} at most", Shape::max_rank));
  Shape shape;
  for (const std::int64_t extent : extents) shape.push_back(extent);
  return shape;
}

json place_json(const Place& place) {
  return {{"index", shape_json(place.index)},
          {"got", number(place.got)},
          {"expected", number(place.expected)},
          {"tolerance", number(place.tolerance)}};
}

Place read_place(const Object& from) {
  return {read_shape(from, "index"), from.number("got"), from.number("expected"), from.number("tolerance")};
}

json output_json(const OutputReport& output) {
  json places = json::array();
  for (const Place& place : output.places) places.push_back(place_json(place));
  return {{"name", output.name},
          {"dtype", name_of(output.dtype)},
          {"shape", shape_json(output.shape)},
          {"ok", output.ok},
          {"elements", output.elements},
          {"mismatches", output.mismatches},
          {"unspecified", output.unspecified},
          {"max_abs", number(output.max_abs)},
          {"max_rel", number(output.max_rel)},
          {"max_ulp", number(output.max_ulp)},
          {"max_error_ratio", number(output.max_error_ratio)},
          {"nmse", number(output.nmse)},
          {"nan_got", output.nan_got},
          {"nan_expected", output.nan_expected},
          {"inf_got", output.inf_got},
          {"inf_expected", output.inf_expected},
          {"precision_class", output.precision_class},
          {"worst", output.worst ? place_json(*output.worst) : json()},
          {"places", std::move(places)}};
}

OutputReport read_output(const Object& from) {
  OutputReport output;
  output.name = from.text("name");
  output.dtype = from.named("dtype", dtype_named);
  output.shape = read_shape(from, "shape");
  output.ok = from.flag("ok");
  output.elements = from.count<std::int64_t>("elements");
  output.mismatches = from.count<std::int64_t>("mismatches");
  output.unspecified = from.count<std::int64_t>("unspecified");
  output.max_abs = from.number("max_abs");
  output.max_rel = from.number("max_rel");
  output.max_ulp = from.number("max_ulp");
  output.max_error_ratio = from.number("max_error_ratio");
  output.nmse = from.number("nmse");
  output.nan_got = from.count<std::int64_t>("nan_got");
  output.nan_expected = from.count<std::int64_t>("nan_expected");
  output.inf_got = from.count<std::int64_t>("inf_got");
  output.inf_expected = from.count<std::int64_t>("inf_expected");
  output.precision_class = from.text("precision_class");
  if (!from.at("worst").is_null()) output.worst = read_place(from.object("worst"));
  for (const json& place : from.list("places")) output.places.push_back(read_place({place, "a place of an output"}));
  return output;
}

json outputs_json(const std::vector<OutputReport>& reports) {
  json outputs = json::array();
  for (const OutputReport& output : reports) outputs.push_back(output_json(output));
  return outputs;
}

std::vector<OutputReport> read_outputs(const Object& from) {
  std::vector<OutputReport> outputs;
  for (const json& output : from.list("outputs"))
    outputs.push_back(read_output({output, fmt::format("an output of {}", from.name())}));
  return outputs;
}

/// The verdict on the outputs of the row's golden file, or null.
json recorded_json(const RecordedOutputs* recorded) {
  if (recorded == nullptr) return nullptr;
  return {{"verdict", name_of(recorded->passed ? Verdict::passed : Verdict::failed)},
          {"reason", recorded->reason},
          {"max_error_ratio", number(recorded->max_error_ratio)},
          {"precision_class", recorded->precision_class()},
          {"outputs", outputs_json(recorded->outputs)}};
}

std::shared_ptr<const RecordedOutputs> read_recorded(const Object& from) {
  RecordedOutputs recorded;
  recorded.passed = from.named("verdict", verdict_named) == Verdict::passed;
  recorded.reason = from.text("reason");
  recorded.max_error_ratio = from.number("max_error_ratio");
  recorded.outputs = read_outputs(from);
  return std::make_shared<const RecordedOutputs>(std::move(recorded));
}

/// How much was held against the truth, or null for all of it.
json sampled_json(const std::optional<SampledSlices>& sampled) {
  if (!sampled) return nullptr;
  return {{"axis", sampled->axis}, {"slices", sampled->slices}, {"of", sampled->extent}};
}

SampledSlices read_sampled(const Object& from) {
  SampledSlices sampled{from.text("axis"), from.count<std::int64_t>("slices"), from.count<std::int64_t>("of")};
  if (sampled.slices < 1 || sampled.slices >= sampled.extent)
    from.wrong("slices", fmt::format("from 1 to less than {}", sampled.extent));
  return sampled;
}

/// The keys that `benchmarks` and `checks` share.
json check_json(const Row& row) {
  return {{"operator", row.op},
          {"case", row.case_name},
          {"backend", row.backend},
          {"dtype", row.dtype},
          {"threads", row.threads},
          {"tier", name_of(row.tier)},
          {"verdict", name_of(row.verdict)},
          {"reason", row.reason},
          {"max_error_ratio", number(row.max_error_ratio)},
          {"sampled", sampled_json(row.sampled)},
          {"recorded", recorded_json(row.recorded.get())},
          {"precision_class", row.precision_class()},
          {"bytes", row.cost.bytes},
          {"flops", row.cost.flops},
          {"seed", row.seed},
          {"repro", row.repro},
          {"witness", row.witness},
          {"told_apart", row.told_apart},
          {"outputs", outputs_json(row.outputs)}};
}

Row read_check(const Object& from) {
  Row row;
  row.op = from.text("operator");
  row.case_name = from.text("case");
  row.backend = from.text("backend");
  row.dtype = from.text("dtype");
  row.threads = from.count<int>("threads");
  row.tier = from.named("tier", tier_named);
  row.verdict = from.named("verdict", verdict_named);
  row.reason = from.text("reason");
  row.max_error_ratio = from.number_or_none("max_error_ratio");
  if (from.has("sampled") && !from.at("sampled").is_null()) row.sampled = read_sampled(from.object("sampled"));
  if (!from.at("recorded").is_null()) row.recorded = read_recorded(from.object("recorded"));
  row.cost.bytes = from.number("bytes");
  row.cost.flops = from.number("flops");
  if (!(row.cost.bytes >= 0)) from.wrong("bytes", "0 or more");
  if (!(row.cost.flops >= 0)) from.wrong("flops", "0 or more");
  row.seed = from.count<std::uint64_t>("seed");
  row.repro = from.text("repro");
  row.witness = from.text("witness");
  for (const json& candidate : from.list("told_apart")) {
    if (!candidate.is_string()) from.wrong("told_apart", "a list of names");
    row.told_apart.push_back(candidate.get<std::string>());
  }
  row.outputs = read_outputs(from);
  return row;
}

void write_timing(json& entry, const Row& row) {
  const Timing& timing = *row.timing;
  entry["iterations"] = timing.calls * static_cast<std::int64_t>(timing.samples_ns.size());
  entry["real_time"] = timing.median_ns;
  entry["cpu_time"] = timing.cpu_ns;
  entry["samples_ns"] = timing.samples_ns;
  entry["rounds"] = timing.rounds;
  entry["median_interval_ns"] = {timing.low_ns, timing.high_ns};
  entry["settled"] = timing.settled;
  entry["spent_s"] = timing.spent_s;
  entry["prepare_ns"] = row.prepare_ns;
  entry["gb_per_s"] = number(row.cost.bytes / timing.median_ns);
  entry["roof_fraction"] = number(row.roof_fraction);
  entry["bound_by"] = row.bound_by.empty() ? json(nullptr) : json(row.bound_by);
}

std::vector<double> read_times(const Object& from, const char* key) {
  std::vector<double> times;
  for (const json& time : from.list(key)) {
    if (!time.is_number() || !(time.get<double>() > 0) || !std::isfinite(time.get<double>()))
      from.wrong(key, "a list of times above 0");
    times.push_back(time.get<double>());
  }
  return times;
}

void read_timing(const Object& from, Row& row) {
  Timing timing;
  timing.samples_ns = read_times(from, "samples_ns");
  if (timing.samples_ns.empty()) from.wrong("samples_ns", "a list of times above 0");
  const auto taken = static_cast<std::int64_t>(timing.samples_ns.size());
  timing.calls = from.count<std::int64_t>("iterations") / taken;
  if (timing.calls < 1 || timing.calls * taken != from.count<std::int64_t>("iterations"))
    from.wrong("iterations", fmt::format("a multiple of its {} samples", taken));
  timing.rounds = from.counts<std::size_t>("rounds");
  std::size_t in_rounds = 0;
  for (const std::size_t samples : timing.rounds) in_rounds += samples;
  if (in_rounds != timing.samples_ns.size())
    from.wrong("rounds", fmt::format("counts that add up to its {} samples", taken));
  const std::vector<double> interval = read_times(from, "median_interval_ns");
  timing.median_ns = from.number("real_time");
  if (interval.size() != 2 || !(interval[0] <= timing.median_ns && timing.median_ns <= interval[1]))
    from.wrong("median_interval_ns", fmt::format("two times around the `real_time` {}", timing.median_ns));
  timing.low_ns = interval[0];
  timing.high_ns = interval[1];
  timing.cpu_ns = from.number("cpu_time");
  timing.settled = from.flag("settled");
  timing.spent_s = from.number("spent_s");
  row.prepare_ns = from.number("prepare_ns");
  row.roof_fraction = from.number_or_none("roof_fraction");
  if (!from.at("bound_by").is_null()) row.bound_by = from.text("bound_by");
  row.timing = std::move(timing);
}

bool is_timed(const Row& row) {
  return row.verdict == Verdict::passed && row.timing && !row.timing->samples_ns.empty();
}

/// A row without a time has an error instead, as Google Benchmark writes skipped ones.
json benchmark_json(const Row& row, std::size_t family) {
  json entry = check_json(row);
  entry["name"] = entry["run_name"] = row.label();
  entry["family_index"] = family;
  entry["per_family_instance_index"] = 0;
  entry["run_type"] = "iteration";
  entry["repetitions"] = 1;
  entry["repetition_index"] = 0;
  entry["time_unit"] = "ns";
  entry["cache"] = name_of(row.cache);
  entry["allocate"] = name_of(row.allocation);
  entry["pinned"] = row.pinned;
  if (is_timed(row)) {
    write_timing(entry, row);
    return entry;
  }
  entry["iterations"] = entry["real_time"] = entry["cpu_time"] = 0;
  entry["error_occurred"] = true;
  entry["error_message"] =
      row.reason.empty() ? std::string(name_of(row.verdict)) : fmt::format("{}: {}", name_of(row.verdict), row.reason);
  return entry;
}

Row read_benchmark(const Object& from) {
  Row row = read_check(from);
  if (from.text("name") != row.label()) from.wrong("name", fmt::format("{}, as its other keys say", row.label()));
  row.cache = from.named("cache", cache_named);
  row.allocation = from.named("allocate", allocation_named);
  row.pinned = from.flag("pinned");
  const bool has_error = from.has("error_occurred") && from.flag("error_occurred");
  if (!has_error && row.verdict != Verdict::passed) from.wrong("verdict", "PASSED, since it has a time");
  if (!has_error) read_timing(from, row);
  return row;
}

json context_json(const RunFacts& facts) {
  json about = context(facts.partial);
  if (facts.profile) about["profile"] = to_json(*facts.profile);
  return about;
}

ProfileIdentity read_identity(const Object& from) {
  ProfileIdentity identity;
  identity.machine = from.text("machine");
  identity.version = from.text("version");
  identity.commit = from.text("commit");
  const Object libraries = from.object("libraries");
  for (const auto& [library, version] : from.at("libraries").items())
    identity.libraries[library] = libraries.text(library.c_str());
  identity.seed = from.count<std::uint64_t>("seed");
  identity.golden = from.text("golden");
  identity.isa_limit = from.text("isa_limit");
  return identity;
}

json parse(std::string_view text) {
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) refuse("it is not JSON");
  return document;
}

}  // namespace

json to_json(const ProfileIdentity& identity) {
  return {{"machine", identity.machine},     {"version", identity.version}, {"commit", identity.commit},
          {"libraries", identity.libraries}, {"seed", identity.seed},       {"golden", identity.golden},
          {"isa_limit", identity.isa_limit}};
}

std::string results_json(std::span<const Row> rows, const RunFacts& facts) {
  json about = context_json(facts), entries = json::array();
  about["assay"]["aa_floor"] = number(facts.aa_floor);
  for (std::size_t i = 0; i < rows.size(); ++i) entries.push_back(benchmark_json(rows[i], i));
  return json_text({{"context", std::move(about)}, {name_of(RowList::benchmarks), std::move(entries)}});
}

/// How far the drawn cases of an operator cover the pairs of levels of its domain.
json to_json(const PairCount& counted) {
  return {{"operator", counted.op},       {"covered", counted.covered},
          {"possible", counted.possible}, {"too_large", counted.too_large},
          {"excluded", counted.excluded}, {"too_large_levels", counted.too_large_levels}};
}

std::string checks_json(std::span<const Row> rows, const RunFacts& facts) {
  json about = context_json(facts), checks = json::array();
  if (facts.profile) about["verified"] = facts.verified;
  for (const Row& row : rows) checks.push_back(check_json(row));
  json document = {{"context", std::move(about)}, {name_of(RowList::checks), std::move(checks)}};
  for (const PairCount& counted : facts.pairs) document["pairs"].push_back(to_json(counted));
  return json_text(document);
}

std::string probe_json() { return json_text({{"context", context(false)}}); }

RunFacts read_facts(std::string_view text) {
  const json document = parse(text);
  const Object about = Object(document, "it").object("context"), assay = about.object("assay");
  if (assay.count<int>("schema") != schema) assay.wrong("schema", fmt::format("{} for this program", schema));
  RunFacts facts;
  facts.partial = assay.flag("partial");
  if (assay.has("aa_floor")) facts.aa_floor = assay.number_or_none("aa_floor");
  if (about.has("profile")) facts.profile = read_identity(about.object("profile"));
  if (!about.has("verified")) return facts;
  for (const json& op : about.list("verified")) {
    if (!op.is_string()) about.wrong("verified", "a list of operators");
    facts.verified.insert(op.get<std::string>());
  }
  return facts;
}

std::vector<Row> read_rows(std::string_view text, RowList list) {
  const json document = parse(text);
  std::vector<Row> rows;
  std::set<std::string> labels;
  for (const json& entry : Object(document, "it").list(name_of(list))) {
    const Object from(entry, fmt::format("row {} of `{}`", rows.size(), name_of(list)));
    rows.push_back(list == RowList::checks ? read_check(from) : read_benchmark(from));
    if (!labels.insert(rows.back().label()).second)
      refuse(fmt::format("it has two rows called {}", rows.back().label()));
  }
  return rows;
}

}  // namespace assay::bench
