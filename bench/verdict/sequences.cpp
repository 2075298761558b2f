// The sequences of calls, and the sentences that say in which of them a row failed.
#include "bench/verdict/sequences.h"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <thread>

#include "bench/verdict/judge.h"
#include "bench/verdict/room.h"
#include "bench/verdict/step.h"

namespace assay::bench {
namespace {

/// The seeds of the poisons, one for each use. Those of the referee are smaller.
enum PoisonSeed : std::uint64_t { second_set = 16, new_thread, beside_another, other_plan };

std::uint64_t seed_of(const Scene& scene, PoisonSeed use) { return random_bits(scene.row.seed, use); }

/// Fails the row if an output has other bits than in the first run.
void hold_to_first_run(const Scene& scene, const Digests& now) {
  for (std::size_t i = 0; i < now.size(); ++i)
    if (now[i] != scene.right[i])
      fail_for(scene.row,
               fmt::format("output {} has other bits than in the first run", scene.bound.instance->outputs[i].name));
}

bool is_small(const Scene& scene) { return scene.bound.tier == Tier::small; }

/// Does one part of a sequence if the row has passed so far. If the part fails it, the reason says when.
void do_part(const Scene& scene, const std::string& when, const std::function<void()>& part) {
  if (scene.row.verdict != Verdict::passed) return;
  do_step(scene.row, part);
  if (scene.row.verdict != Verdict::passed) scene.row.reason += fmt::format(" ({})", when);
}

// ---- other buffers, another thread ----

/// A plan that remembers what it was bound to first, or last, writes into the wrong set.
void check_second_binding(const Scene& scene) {
  Trial& trial = scene.trial;
  const auto run_on = [&](std::size_t set) {
    trial.run_on(set);
    hold_to_first_run(scene, trial.result_digests(set));
    fail_for(scene.row, trial.breach());
  };
  do_part(scene, "bound to a second set of buffers", [&] {
    trial.rotate_over(2);
    trial.poison(seed_of(scene, PoisonSeed::second_set));
    run_on(1);
  });
  do_part(scene, "back on its first set of buffers", [&] {
    run_on(0);
    trial.rotate_over(1);
  });
}

void check_new_thread(const Scene& scene) {
  do_part(scene, "called from a new thread", [&] {
    scene.trial.poison(seed_of(scene, PoisonSeed::new_thread));
    scene.trial.run_from_new_thread();
    hold_to_first_run(scene, scene.trial.result_digests());
    fail_for(scene.row, scene.trial.breach());
  });
}

// ---- another plan alive at once ----

/// Another plan of the same backend, and what it gives when it runs alone.
struct OtherPlan {
  std::unique_ptr<Trial> trial;  ///< null if there is none, or if it threw
  Digests right;
};

OtherPlan prepare(const Scene& scene, const BoundCase& bound, const Expectation& expected) {
  OtherPlan other;
  other.trial = std::make_unique<Trial>(bound, scene.trial.backend(), scene.row.threads, expected.shapes);
  other.trial->load(expected.inputs);
  return other;
}

/// Whether it throws. What the companion's plan throws is not the row's fault.
bool throws(const std::function<void()>& part) {
  try {
    part();
  } catch (const std::exception&) {
    return true;
  }
  return false;
}

void run_first_plan(const Scene& scene, std::string_view when) {
  do_part(scene, fmt::format("{}: case {}", when, scene.companion->bound.name), [&] {
    scene.trial.poison(seed_of(scene, PoisonSeed::beside_another));
    scene.trial.run();
    hold_to_first_run(scene, scene.trial.result_digests());
    fail_for(scene.row, scene.trial.breach());
  });
}

/// Prepares A, then B, and runs A, B, A: a table that two plans share is wrong for one of them. Returns B, unless it
/// throws: then A has to be right after that.
OtherPlan check_two_plans(const Scene& scene) {
  if (scene.companion == nullptr) return {};
  constexpr std::string_view after_a_throw = "after a call of another plan that threw";
  const BoundCase& bound = scene.companion->bound;
  const Expectation& expected = scene.companion->expected;
  OtherPlan other;
  if (throws([&] { other = prepare(scene, bound, expected); })) {
    run_first_plan(scene, after_a_throw);
    return {};
  }
  if (is_small(scene)) run_first_plan(scene, "while another plan is alive");
  TensorPack results;
  const bool threw = throws([&] {
    other.trial->poison(seed_of(scene, PoisonSeed::other_plan));
    other.trial->run();
    results = other.trial->results();
  });
  if (threw) {
    run_first_plan(scene, after_a_throw);
    return {};
  }
  do_part(scene, fmt::format("of another plan, alive at once: case {}", bound.name), [&] {
    Row judged;
    judge_row(bound, expected, results, judged);
    fail_for(judged, other.trial->breach());
    fail_for(scene.row, judged.reason);
  });
  run_first_plan(scene, "after a call of another plan");
  other.right = other.trial->result_digests();
  return other;
}

// ---- two host threads at once ----

/// One call of each at the same time. Both have ended on return, also if one throws.
void call_at_once(Trial& here, Trial& there) {
  std::atomic<int> ready{0};
  const auto call = [&ready](Trial& trial) -> std::exception_ptr {
    ++ready;
    while (ready != 2) std::this_thread::yield();
    try {
      trial.call();
      trial.finish();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  };
  std::exception_ptr thrown_there;
  std::thread other = start_thread([&] { thrown_there = call(there); });
  const std::exception_ptr thrown_here = call(here);
  other.join();
  for (const std::exception_ptr& thrown : {thrown_here, thrown_there})
    if (thrown) std::rethrow_exception(thrown);
}

/// The plan and another one, or the same case twice: two plans that share a buffer are wrong only if their calls
/// overlap.
void check_two_threads(const Scene& scene, OtherPlan other) {
  constexpr int rounds = 4;  // one may miss; a round takes some 50 µs, most of them to start a thread
  Trial& trial = scene.trial;
  if (!trial.backend().claims().concurrent_plans || !is_small(scene)) return;
  do_part(scene, "at the same time as another plan on another thread", [&] {
    if (!other.trial) {
      other = prepare(scene, scene.bound, scene.expected);
      other.trial->poison(seed_of(scene, PoisonSeed::other_plan));
      other.right = scene.right;
    }
    trial.check_around([&] {
      for (std::uint64_t round = 0; round < rounds && scene.row.verdict == Verdict::passed; ++round) {
        for (Trial* each : {&trial, other.trial.get()}) each->spoil(random_bits(scene.row.seed, round));
        call_at_once(trial, *other.trial);
        hold_to_first_run(scene, trial.result_digests());
        if (other.trial->result_digests() != other.right)
          fail_for(scene.row, "the other plan's outputs have other bits than alone");
      }
    });
    for (const Trial* each : {&trial, other.trial.get()}) fail_for(scene.row, each->breach());
  });
}

// ---- many calls ----

/// Each call is digested. Where tensors are small a call is cheap; no clock decides.
void check_many_calls(const Scene& scene) {
  constexpr std::uint64_t many = 1000;
  Trial& trial = scene.trial;
  if (trial.working_set() > most_bytes_of_many_calls || scene.row.verdict != Verdict::passed) return;
  std::uint64_t call = 0;
  do_step(scene.row, [&] {
    trial.check_around([&] {
      while (call < many && scene.row.verdict == Verdict::passed) {
        ++call;
        trial.spoil(random_bits(scene.row.seed, call));
        trial.call();
        trial.finish();
        hold_to_first_run(scene, trial.result_digests());
      }
    });
    fail_for(scene.row, trial.breach());
  });
  if (scene.row.verdict != Verdict::passed) scene.row.reason += fmt::format(" (in call {} of {})", call, many);
}

}  // namespace

void check_sequences(const Scene& scene, bool first_of_backend) {
  if (!is_small(scene) && !first_of_backend) return;
  if (is_small(scene)) check_second_binding(scene);
  check_new_thread(scene);
  OtherPlan other = check_two_plans(scene);
  if (!first_of_backend) return;
  check_two_threads(scene, std::move(other));
  check_many_calls(scene);
}

}  // namespace assay::bench
