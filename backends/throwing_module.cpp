// A module that throws while it is loaded, as a library does that runs out of memory: for the registry's test.
#include <new>

namespace {

struct Thrower {
  Thrower() { throw std::bad_alloc(); }
} thrower;

}  // namespace
