// distributed_sampler: the indices that one process of a distributed training reads in an epoch.
#pragma once

#include "reference/operator.h"

namespace assay {

/// The order of all indices, random by seed + epoch or ascending, is lengthened from its own beginning to a multiple of
/// `world`, as often as that takes, or cut with `drop_last`; rank r takes every `world`-th from place r on.
struct DistributedSampler {
  static constexpr std::string_view name = "distributed_sampler";
  static constexpr std::string_view summary = "the share of one rank in a dataset's random or ascending order";
  static constexpr std::string_view formula =
      "indices[k] = order[(rank + k * world) mod length], order = randperm(length, seed + epoch) or 0..length-1";
  static constexpr std::string_view source = "pytorch torch/utils/data/distributed.py DistributedSampler";

  struct Params {
    std::int64_t length = 0, world = 0, rank = 0;
    bool shuffle = true;
    std::int64_t seed = 0, epoch = 0;
    bool drop_last = false;
    static constexpr auto fields() {
      return std::tuple{Param{"length", &Params::length, "of the dataset; 0 is allowed", Presence::required},
                        Param{"world", &Params::world, "number of processes", Presence::required},
                        Param{"rank", &Params::rank, "of this process, from 0 on", Presence::required},
                        Param{"shuffle", &Params::shuffle, "whether the order is random"},
                        Param{"seed", &Params::seed, "of the random order, the same for all ranks"},
                        Param{"epoch", &Params::epoch, "added to the seed"},
                        Param{"drop_last", &Params::drop_last, "whether the rest is cut off, not filled up"}};
    }
  };
  template <class T>
  struct Inputs {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> indices;  ///< [samples], samples = ⌈length/world⌉, or ⌊length/world⌋ with drop_last
    static constexpr auto fields() { return std::tuple{Output{"indices", &Outputs::indices, "samples*"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<DistributedSampler>> cases();
  static Domain domain();
  static std::vector<Equivalent> equivalents();
};

}  // namespace assay
