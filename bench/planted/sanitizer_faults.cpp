// Faults on purpose, one for each thing a sanitizer is there for: a sanitizer that stays silent on them could not be
// trusted when it is silent on everything else. Built with sanitizers only; ctest expects each to be reported.
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace {

volatile int opaque = 3;  // the compiler must not see what happens below

/// One element past the end, as an odd tail of a vectorised loop would be.
int heap_overflow() {
  std::vector<float> line(static_cast<std::size_t>(opaque));
  const float* data = line.data();
  return static_cast<int>(data[opaque]);
}

int use_after_free() {
  auto* line = static_cast<int*>(std::malloc(sizeof(int) * static_cast<std::size_t>(opaque)));
  line[0] = opaque;
  std::free(line);
  return static_cast<volatile int*>(line)[0];
}

int signed_overflow() {
  const int most = 2147483647;
  return most + opaque;
}

int race_between_threads() {
  int sum = 0;
  std::thread other([&] { sum += opaque; });
  sum += opaque;
  other.join();
  return sum;
}

/// A sum without a reduction, between the workers of an OpenMP team.
int race_between_workers() {
  int sum = 0;
#pragma omp parallel for num_threads(4)
  for (int i = 0; i < 1000; ++i) sum += opaque;
  return sum;
}

/// The same sum as it should be: it must stay unreported.
int no_race() {
  int sum = 0;
#pragma omp parallel for num_threads(4) reduction(+ : sum)
  for (int i = 0; i < 1000; ++i) sum += opaque;
  return sum == 3000 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  struct Fault {
    std::string_view name;
    int (*commit)();
  };
  constexpr Fault faults[] = {{"heap_overflow", heap_overflow},
                              {"use_after_free", use_after_free},
                              {"signed_overflow", signed_overflow},
                              {"race_between_threads", race_between_threads},
                              {"race_between_workers", race_between_workers},
                              {"no_race", no_race}};
  for (const Fault& fault : faults)
    if (argc == 2 && fault.name == argv[1]) return fault.commit();
  std::fprintf(stderr, "sanitizer_faults: name one of the faults\n");
  return 1;
}
