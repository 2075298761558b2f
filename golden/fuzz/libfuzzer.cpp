// The target under libFuzzer. Beside libFuzzer's own mutations it gets those of the replay, which know the language,
// and inputs whose lengths have been set right.
#include <algorithm>
#include <cstdint>

#include "golden/fuzz/mutate.h"
#include "golden/fuzz/target.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  assay::fuzz::target.accepts({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  using assay::fuzz::target;
  static const std::vector<std::string> seeds = target.seeds();
  assay::Draw draw(seed);
  std::string input;
  if (draw.chance(0.5)) {
    size = LLVMFuzzerMutate(data, size, most);
    input.assign(reinterpret_cast<const char*>(data), size);
  } else {
    input.assign(reinterpret_cast<const char*>(data), size);
    assay::fuzz::mutate(input, draw, seeds, target.words);
  }
  if (target.repair != nullptr && draw.chance(0.5)) target.repair(input);
  if (input.size() > most) input.resize(most);
  std::copy(input.begin(), input.end(), reinterpret_cast<char*>(data));
  return input.size();
}
