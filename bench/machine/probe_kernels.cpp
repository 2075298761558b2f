// The probe's loops for one instruction set level, chosen by the compiler's options; ASSAY_PROBE_KERNELS names the
// table. Everything is in an anonymous namespace and nothing inline comes from outside but the intrinsics, which the
// compiler puts in place: code for a newer CPU can never win a link elsewhere. Written with the compilers' vectors, so
// that the speed does not hang on what the vectoriser makes of it.
#include "bench/machine/probe_kernels.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace assay::bench {
namespace {

#if defined(__AVX512F__)
constexpr size_t vector_bytes = 64;
constexpr const char* isa_name = "x86-64-v4";
#elif defined(__AVX2__)
constexpr size_t vector_bytes = 32;
constexpr const char* isa_name = "x86-64-v3";
#elif defined(__SSE4_2__)
constexpr size_t vector_bytes = 16;
constexpr const char* isa_name = "x86-64-v2";
#else
constexpr size_t vector_bytes = 16;  // as most others have it, Arm's NEON among them
constexpr const char* isa_name = "the compiler's default";
#endif

typedef uint64_t Words __attribute__((vector_size(vector_bytes), may_alias));
typedef float Floats __attribute__((vector_size(vector_bytes)));
typedef double Doubles __attribute__((vector_size(vector_bytes)));

constexpr size_t lanes = vector_bytes / sizeof(uint64_t);
constexpr size_t unroll = probe_granule * sizeof(uint64_t) / 64;  // vectors in one turn of a loop, at every level
static_assert(probe_granule % (unroll * lanes) == 0);

/// The same address, but the compiler cannot know: so passes over it are neither merged nor left out, and what is in
/// registers stays there.
template <class Pointer>
Pointer anew(Pointer address) {
  __asm__ volatile("" : "+r"(address));
  return address;
}

/// Ordinary stores, and those that go around the caches and have to be waited for.
struct Stored {
  static void put(Words* to, Words value) { *to = value; }
  static void finish() {}
};

struct Streamed {
#if defined(__AVX512F__)
  static void put(Words* to, Words value) { _mm512_stream_si512(reinterpret_cast<__m512i*>(to), (__m512i)value); }
#elif defined(__AVX2__)
  static void put(Words* to, Words value) { _mm256_stream_si256(reinterpret_cast<__m256i*>(to), (__m256i)value); }
#elif defined(__SSE2__)
  static void put(Words* to, Words value) { _mm_stream_si128(reinterpret_cast<__m128i*>(to), (__m128i)value); }
#else
  static void put(Words* to, Words value) { *to = value; }
#endif
#if defined(__SSE2__)
  static void finish() { _mm_sfence(); }
#else
  static void finish() {}
#endif
};

uint64_t load(const uint64_t* from, size_t words, uint64_t passes) {
  Words sums[unroll] = {};
  for (uint64_t pass = 0; pass < passes; ++pass) {
    const Words* at = reinterpret_cast<const Words*>(anew(from));
    for (const Words* const end = at + words / lanes; at < end; at += unroll)
      for (size_t k = 0; k < unroll; ++k) sums[k] += at[k];
  }
  Words all = {};
  for (size_t k = 0; k < unroll; ++k) all += sums[k];
  uint64_t sum = 0;
  for (size_t lane = 0; lane < lanes; ++lane) sum += all[lane];
  return sum;
}

template <class How>
void store(uint64_t* to, size_t words, uint64_t passes) {
  Words first = {};
  for (size_t lane = 0; lane < lanes; ++lane) first[lane] = probe_first + lane * probe_step;
  for (uint64_t pass = 1; pass <= passes; ++pass) {
    Words values[unroll];
    for (size_t k = 0; k < unroll; ++k) values[k] = first + (pass * probe_pass + k * lanes * probe_step);
    Words* at = reinterpret_cast<Words*>(anew(to));
    for (Words* const end = at + words / lanes; at < end; at += unroll)
      for (size_t k = 0; k < unroll; ++k) {
        How::put(at + k, values[k]);
        values[k] += unroll * lanes * probe_step;
      }
  }
  How::finish();
}

template <class How>
void copy(uint64_t* to, const uint64_t* from, size_t words, uint64_t passes) {
  for (uint64_t pass = 0; pass < passes; ++pass) {
    Words* target = reinterpret_cast<Words*>(anew(to));
    const Words* source = reinterpret_cast<const Words*>(anew(from));
    for (const Words* const end = source + words / lanes; source < end; source += unroll, target += unroll) {
      Words held[unroll];
      for (size_t k = 0; k < unroll; ++k) held[k] = source[k];
      for (size_t k = 0; k < unroll; ++k) How::put(target + k, held[k]);
    }
  }
  How::finish();
}

/// Twelve chains hide a latency of up to six cycles at two instructions a cycle, and leave room for the two factors in
/// the 16 registers of the lower levels.
constexpr size_t chains = 12;

template <class Vector, class T>
T multiply_add(uint64_t passes) {
  constexpr size_t width = vector_bytes / sizeof(T);
  volatile T half_now = T(0.5), one_now = 1;  // volatile: nothing about them is known before the loop runs
  const Vector half = half_now - Vector{}, one = one_now - Vector{};
  Vector x[chains] = {};
  for (size_t k = 0; k < chains; ++k)
    for (size_t lane = 0; lane < width; ++lane) x[k][lane] = static_cast<T>(1 + k * width + lane);
  for (uint64_t pass = 0; pass < passes; ++pass)
    for (size_t k = 0; k < chains; ++k) x[k] = x[k] * half + one;
  T sum = 0;
  for (size_t k = 0; k < chains; ++k)
    for (size_t lane = 0; lane < width; ++lane) sum += x[k][lane];
  return sum;
}

}  // namespace

extern const ProbeKernels ASSAY_PROBE_KERNELS;
const ProbeKernels ASSAY_PROBE_KERNELS = {isa_name,
                                          load,
                                          store<Stored>,
                                          store<Streamed>,
                                          copy<Stored>,
                                          copy<Streamed>,
                                          multiply_add<Floats, float>,
                                          multiply_add<Doubles, double>,
                                          static_cast<int>(chains* vector_bytes / sizeof(float)),
                                          static_cast<int>(chains* vector_bytes / sizeof(double))};

}  // namespace assay::bench
