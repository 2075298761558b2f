// The list of planted mistakes, and the backends made of it.
#include "bench/planted/planted.h"

#include <fmt/format.h>

#include "reference/registry.h"

namespace assay::bench::planted {

std::vector<Planting>& plantings() {
  static std::vector<Planting> all;
  return all;
}

Planted::Planted(const Planting& planting)
    : planting_(planting), name_(fmt::format("planted.{}.{}", planting.op, planting.name)), dtypes_(planting.dtypes) {
  const OperatorEntry& op = find_operator(planting.op);
  if (dtypes_.empty()) dtypes_.push_back(op.instances[0].dtype);
  for (const DType dtype : dtypes_)
    kernels_.add(std::string(op.name), dtype, without_preparation(planting.kernel(op, *op.find(dtype))));
}

std::deque<Planted>& planted_backends() {
  static std::deque<Planted>* const made = [] {
    auto* backends = new std::deque<Planted>;
    for (const Planting& planting : plantings()) backends->emplace_back(planting);
    return backends;
  }();
  return *made;
}

}  // namespace assay::bench::planted
