// `assay run`: one operator on the user's own tensors, from a file in the golden format to another.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "backends/registry.h"
#include "bench/base/streams.h"
#include "bench/program/verbs.h"
#include "bench/report/output.h"
#include "bench/verdict/room.h"
#include "bench/verdict/trial.h"
#include "golden/safetensors.h"
#include "golden/store.h"

namespace assay::bench {
namespace {

struct RunFileOptions {
  std::string file, backend, output;
  int threads = 1;
};

/// The backend with a kernel for the case, or a sentence.
Backend& usable_backend(const std::string& name, const GoldenCase& made) {
  const BackendStatus& status = find_backend(name);
  if (status.backend == nullptr || !status.unavailable.empty())
    throw InvalidArgument(fmt::format("backend {} is unavailable: {}", name, status.unavailable));
  const KernelTable& kernels = status.backend->kernels();
  if (kernels.find(made.op->name, made.instance->dtype) == nullptr) {
    throw InvalidArgument(fmt::format("backend {} does not support {} at {}: {}", name, made.op->name,
                                      name_of(made.instance->dtype),
                                      kernels.why_not(made.op->name, made.instance->dtype)));
  }
  return *status.backend;
}

nlohmann::json params_json(const NamedScalars& params) {
  nlohmann::json made = nlohmann::json::object();
  for (const auto& [name, value] : params) {
    switch (value.kind) {
      case Scalar::Kind::boolean: made[name] = value.boolean; break;
      case Scalar::Kind::integer: made[name] = value.integer; break;
      case Scalar::Kind::real: made[name] = value.real; break;
      case Scalar::Kind::absent: break;
    }
  }
  return made;
}

void write_results(const RunFileOptions& options, const GoldenCase& made, const TensorPack& results) {
  const std::map<std::string, std::string> metadata = {
      {"assay.format", "1"},
      {"operator", std::string(made.op->name)},
      {"case", made.name},
      {"dtype", std::string(name_of(made.instance->dtype))},
      {"params", params_json(made.given_params).dump()},
      {"source", fmt::format("assay run, backend {}; inputs: {}", options.backend, made.source)}};
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < made.inputs.size(); ++i) {
    const FieldInfo& field = made.instance->inputs[i];
    for (std::size_t j = 0; j < made.inputs[i].size(); ++j)
      tensors.push_back(
          {field.arity == Arity::list ? fmt::format("in.{}.{}", field.name, j) : fmt::format("in.{}", field.name),
           made.inputs[i][j]});
  }
  for (std::size_t i = 0; i < results.size(); ++i)
    tensors.push_back({fmt::format("out.{}", made.instance->outputs[i].name), results[i][0]});
  write_safetensors(options.output, metadata, tensors);
}

int run_file(const RunFileOptions& options) {
  prepare_outputs({&options.output, 1});
  if (options.threads < 1 || options.threads > most_threads)
    throw InvalidArgument(
        fmt::format("--threads is {}, but a number from 1 to {} is needed", options.threads, most_threads));
  find_backend(options.backend);
  const auto read = std::make_shared<const GoldenCase>(read_case(options.file, Outputs::not_needed));
  const GoldenCase& made = *read;
  Backend& backend = usable_backend(options.backend, made);
  BoundCase bound{made.op, made.instance, made.name, made.source, Tier::small, made.params, {}, read};
  bound.output_shapes = infer(*made.op, *made.instance, made.params, made.inputs.slots());
  require_memory("the tensors take", bytes_for_run(bound, backend.works_on_host_memory()));
  const int threads = backend.works_on_host_memory() ? options.threads : 0;
  Trial trial(bound, backend, threads, bound.output_shapes);
  trial.load(made.inputs);
  trial.poison(0);
  trial.run();
  const TensorPack results = trial.results();
  write_results(options, made, results);
  for (std::size_t i = 0; i < results.size(); ++i)
    say(fmt::format("{} {} {}\n", made.instance->outputs[i].name, name_of(results[i][0].dtype),
                    to_string(results[i][0].shape)));
  return ExitCode::ok;
}

}  // namespace

void add_run(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<RunFileOptions>();
  Verb verb = line.add_verb("run", "Compute one operator on your own tensors");
  verb.add_option("file", options->file, "A safetensors file in the golden format; out.* not needed")
      .required()
      .type_name("FILE");
  verb.add_option("--backend", options->backend, "Which backend computes").required().type_name("NAME");
  verb.add_option("-o,--output", options->output, "Where in.* and out.* are written; - is standard output")
      .required()
      .type_name("FILE")
      .not_empty();
  verb.add_option("--threads", options->threads, "How many threads, if the backend honours them").show_default();
  verb.when_chosen([options, &chosen] { chosen = [options] { return run_file(*options); }; });
}

}  // namespace assay::bench
