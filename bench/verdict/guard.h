// Memory between guard pages: a kernel's access outside its tensors is recorded, on any thread, and the run goes on.
// Start with GuardedBuffer; the fault handler behind it also says in which row a kernel crashed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::bench {

/// Where a tensor lies between its guard pages.
enum class Placement : std::uint8_t {
  at_end,    ///< its last byte is the last before a guard page: accesses beyond it are noticed
  at_start,  ///< its first byte is the first after a guard page: accesses before it are noticed
  odd,       ///< one element past a multiple of 64 bytes: no more alignment than the element's own
};
inline constexpr Placement placements[] = {Placement::at_end, Placement::at_start, Placement::odd};
std::string_view name_of(Placement placement);

/// Room for one tensor between two guards. An access to a guard, or a write to the room while it is read-only, is
/// recorded, then permitted, so the run finishes and the row reports it. For a while that also holds after its end.
/// Made and destroyed on one thread; touched on any.
class GuardedBuffer {
 public:
  struct Region;  ///< the mapping as the fault handler knows it

  /// `what` names the tensor in the sentence of a trespass: "input mask". Throws std::bad_alloc.
  GuardedBuffer(std::size_t bytes, std::size_t element_bytes, std::string what);
  ~GuardedBuffer();
  GuardedBuffer(GuardedBuffer&& other) noexcept;
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(GuardedBuffer&&) = delete;

  /// Makes the room writable and fills it with a seeded pattern.
  void poison(std::uint64_t seed, Placement placement);
  /// Fills the tensor with `contents` and the room around it with the pattern, then makes the room read-only.
  void fill(std::uint64_t seed, Placement placement, const void* contents);
  std::byte* tensor() const;

  /// The first access outside the tensor since it was filled, or a change of the pattern around it: "it wrote beyond
  /// output mask". Empty if there was none.
  std::string trespass();

 private:
  std::byte* room() const;
  std::size_t tensor_begin() const { return static_cast<std::size_t>(tensor() - room()); }
  void open(std::uint64_t seed, Placement placement);

  Region* region_ = nullptr;
  std::size_t bytes_, element_bytes_, room_bytes_;
  std::string what_;
  Placement placement_ = Placement::at_end;
  std::uint64_t seed_ = 0;
};

/// The row that runs now, for the sentence that is printed if it crashes: its label and how to reproduce it.
class Running {
 public:
  Running(std::string_view label, std::string_view repro);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

/// Writes, or compares, the bytes first ≤ i < last of a pattern. The pattern depends only on the seed.
void fill_with_pattern(std::uint64_t seed, std::byte* to, std::size_t first, std::size_t last);
bool holds_pattern(std::uint64_t seed, const std::byte* from, std::size_t first, std::size_t last);

}  // namespace assay::bench
