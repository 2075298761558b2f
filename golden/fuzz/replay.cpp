// The target as a test, with any compiler and sanitizer: every seed and a fixed number of seeded mutations.
//
//   <target>_replay                    runs them all; the exit status is 1 if one is a finding, which is then shown
//   <target>_replay FILE…              runs these inputs instead, e.g. what libFuzzer left behind
//   <target>_replay --trace            tells the number of each input before it runs: where a sanitizer ends the
//   program,
//                                      the last one is the culprit
//   <target>_replay --show N           writes input number N to standard output
//   <target>_replay --write-seeds DIR  writes the seeds into an existing folder, one file each
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "golden/fuzz/mutate.h"
#include "golden/fuzz/target.h"
#include "golden/text.h"

namespace {

using assay::fuzz::target;

constexpr std::size_t mutations = 20'000;  // a second or so; the search for more is libFuzzer's
constexpr std::uint64_t key = 0;           // any will do, but always the same

/// Input number n: first the seeds, then mutations of each in turn.
std::string input_number(std::size_t n, const std::vector<std::string>& seeds) {
  if (n < seeds.size()) return seeds[n];
  std::string input = seeds[n % seeds.size()];
  assay::Draw draw(assay::random_bits(key, n));
  assay::fuzz::mutate(input, draw, seeds, target.words);
  if (target.repair != nullptr && draw.chance(0.5)) target.repair(input);
  return input;
}

enum class Outcome { accepted, refused, finding };

Outcome run(const std::string& what, const std::string& input) {
  try {
    return target.accepts(input) ? Outcome::accepted : Outcome::refused;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}: {}\n  the input: {}\n", what, problem.what(), assay::on_one_line(input));
    return Outcome::finding;
  }
}

int run_files(int count, char** paths) {
  int findings = 0;
  for (int i = 0; i < count; ++i) {
    std::ifstream stream(paths[i], std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(stream), {});
    if (stream.bad() || !stream.is_open()) {
      fmt::print(stderr, "{} cannot be read\n", paths[i]);
      return 1;
    }
    const Outcome outcome = run(paths[i], input);
    findings += outcome == Outcome::finding;
    fmt::print("{}: {}\n", paths[i],
               outcome == Outcome::accepted  ? "accepted"
               : outcome == Outcome::refused ? "refused"
                                             : "FINDING");
  }
  return findings != 0;
}

int run_all(bool trace) {
  const std::vector<std::string> seeds = target.seeds();
  std::size_t counts[3] = {}, of_seeds[3] = {};
  for (std::size_t n = 0; n < seeds.size() + mutations; ++n) {
    if (trace) fmt::print(stderr, "{}\n", n);
    const Outcome outcome = run(fmt::format("input {}", n), input_number(n, seeds));
    ++counts[static_cast<int>(outcome)];
    if (n < seeds.size()) ++of_seeds[static_cast<int>(outcome)];
  }
  fmt::print("{} seeds ({} accepted) and {} mutations: {} accepted, {} refused, {} findings\n", seeds.size(),
             of_seeds[0], mutations, counts[0], counts[1], counts[2]);
  // Seeds that all go the same way, or mutations that never get past the first check, would test nothing.
  if (of_seeds[0] == 0 || of_seeds[1] == 0 || counts[0] == of_seeds[0]) {
    fmt::print(stderr, "the inputs test too little: there must be seeds of both kinds, and accepted mutations\n");
    return 1;
  }
  return counts[2] != 0;
}

int write_seeds(const std::filesystem::path& folder) {
  const std::vector<std::string> seeds = target.seeds();
  for (std::size_t n = 0; n < seeds.size(); ++n) {
    std::ofstream stream(folder / fmt::format("seed-{:03}", n), std::ios::binary);
    stream << seeds[n];
    stream.close();
    if (!stream) {
      fmt::print(stderr, "{} cannot be written to\n", folder.string());
      return 1;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (argc == 1) return run_all(false);
  if (option == "--trace" && argc == 2) return run_all(true);
  if (option == "--write-seeds" && argc == 3) return write_seeds(argv[2]);
  if (option == "--show" && argc == 3) {
    const std::string input = input_number(std::stoul(argv[2]), target.seeds());
    return std::fwrite(input.data(), 1, input.size(), stdout) != input.size();
  }
  if (option.starts_with('-')) {
    fmt::print(stderr, "{} is not known here: --trace, --show N, --write-seeds DIR or files\n", option);
    return 1;
  }
  return run_files(argc - 1, argv + 1);
}
