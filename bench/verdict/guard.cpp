// Guard pages and the handler of the faults they raise.
#include "bench/verdict/guard.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>

#include "golden/whole_file.h"
#include "reference/recipe.h"

namespace assay::bench {

/// Handlers read it on any thread; it only changes between runs.
struct GuardedBuffer::Region {
  std::byte *begin, *room, *room_end, *end;
  std::atomic<std::uintptr_t> first_touch{0};  ///< the address of the first fault, 0 before one
  std::atomic<bool> first_was_write{false};
};

namespace {

using Region = GuardedBuffer::Region;

// Far enough that a stray row of a large tensor still lands in it; it is reserved address space, not memory.
constexpr std::size_t guard_bytes = std::size_t{1} << 20;
constexpr std::size_t odd_base = 64;  // a cache line, and the widest vector there is
const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

std::size_t round_up(std::size_t bytes) { return (bytes + page_bytes - 1) / page_bytes * page_bytes; }

// One for each tensor of the trial that runs: as many as a batch of images and the weights of a layer could need.
constexpr std::size_t most_regions = 4096;
std::array<std::atomic<Region*>, most_regions> regions;

void add_region(Region* region) {
  for (auto& slot : regions) {
    Region* empty = nullptr;
    if (slot.compare_exchange_strong(empty, region)) return;
  }
  throw std::bad_alloc();
}

void remove_region(Region* region) {
  for (auto& slot : regions) {
    Region* found = region;
    if (slot.compare_exchange_strong(found, nullptr)) return;
  }
}

// ---- regions whose buffers are gone ----

/// The regions that were left last, without memory behind them: a touch of one is tolerated like that of a guard. So a
/// thread that outlives its call, or a plan that kept an address, ends in a row's verdict and not in a crash.
class LeftRegions {
 public:
  void add(Region* region) {
    // a fresh mapping in the place of the old one: its memory goes back, and nobody may touch it
    void* renewed =
        mmap(region->begin, size(*region), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (renewed == MAP_FAILED) return give_back(region);
    regions_.push_back(region);
    bytes_ += size(*region);
    while (bytes_ > most_bytes) {
      bytes_ -= size(*regions_.front());
      give_back(regions_.front());
      regions_.pop_front();
    }
  }

 private:
  static constexpr std::size_t most_bytes = std::size_t{1} << 28;  // of addresses: those of some hundred small tensors
  static std::size_t size(const Region& region) { return static_cast<std::size_t>(region.end - region.begin); }
  static void give_back(Region* region) {
    remove_region(region);
    munmap(region->begin, size(*region));
    delete region;
  }

  std::deque<Region*> regions_;  // oldest first
  std::size_t bytes_ = 0;
};

LeftRegions& left_regions() {
  static auto& left = *new LeftRegions;  // never destroyed: threads may outlive main()
  return left;
}

// ---- the handler: only what is allowed in one ----

std::array<char, 1024> crash_sentence;  // empty while nothing runs
std::array<struct sigaction, NSIG> previous;

bool was_write([[maybe_unused]] void* context) {
#if defined(__x86_64__)
  constexpr greg_t write_bit = 2;  // of the page fault's error code
  return (static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & write_bit) != 0;
#else
  return true;  // elsewhere reads and writes are not told apart
#endif
}

/// Records a touch of a guard or of read-only room, and lets it happen.
bool tolerate(const siginfo_t& info, void* context) {
  auto* address = static_cast<std::byte*>(info.si_addr);
  for (auto& slot : regions) {
    Region* region = slot.load();
    if (region == nullptr || address < region->begin || address >= region->end) continue;
    std::uintptr_t nothing = 0;
    const bool write = was_write(context);
    if (region->first_touch.compare_exchange_strong(nothing, reinterpret_cast<std::uintptr_t>(address)))
      region->first_was_write.store(write);
    auto* page = reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(address) / page_bytes * page_bytes);
    return mprotect(page, page_bytes, PROT_READ | PROT_WRITE) == 0;
  }
  return false;
}

/// Says which row crashed, and ends the program: with 1, or as a sanitizer that was there before would.
void on_fault(int signal, siginfo_t* info, void* context) {
  if ((signal == SIGSEGV || signal == SIGBUS) && tolerate(*info, context)) return;
  const auto write_out = [](const char* text) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  };
  remove_temporary_files();
  if (crash_sentence[0] != '\0') {
    write_out("\nassay: ");
    write_out(crash_sentence.data());
    write_out(signal == SIGSEGV  ? " (SIGSEGV)\n"
              : signal == SIGBUS ? " (SIGBUS)\n"
              : signal == SIGFPE ? " (SIGFPE)\n"
              : signal == SIGILL ? " (SIGILL)\n"
                                 : " (SIGABRT)\n");
    if (previous[static_cast<std::size_t>(signal)].sa_handler == SIG_DFL) _exit(1);
  }
  sigaction(signal, &previous[static_cast<std::size_t>(signal)], nullptr);
  if (signal == SIGABRT) raise(signal);  // the others come again by themselves
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
      sigaction(signal, &action, &previous[static_cast<std::size_t>(signal)]);
  });
}

}  // namespace

std::string_view name_of(Placement placement) {
  switch (placement) {
    case Placement::at_end: return "before a guard page";
    case Placement::at_start: return "after a guard page";
    case Placement::odd: return "at an odd address";
  }
  return "";
}

namespace {

/// Walks over the words of a pattern; `use` gets each piece's place, its bytes and their count, and says whether to go
/// on.
template <class Use>
bool walk_pattern(std::uint64_t seed, std::size_t first, std::size_t last, Use use) {
  constexpr std::size_t word_bytes = sizeof(std::uint64_t);
  const auto piece = [&](std::size_t at, std::size_t within, std::size_t count) {
    const std::uint64_t word = random_bits(seed, at / word_bytes);
    return use(at, reinterpret_cast<const std::byte*>(&word) + within, count);
  };
  std::size_t at = first;
  if (const std::size_t within = at % word_bytes; within != 0 && at < last) {
    const std::size_t count = std::min(word_bytes - within, last - at);
    if (!piece(at, within, count)) return false;
    at += count;
  }
  for (; at + word_bytes <= last; at += word_bytes)  // a constant count: a move, and not a call of memcpy
    if (!piece(at, 0, word_bytes)) return false;
  return at >= last || piece(at, 0, last - at);
}

}  // namespace

void fill_with_pattern(std::uint64_t seed, std::byte* to, std::size_t first, std::size_t last) {
  walk_pattern(seed, first, last, [to](std::size_t at, const std::byte* bytes, std::size_t count) {
    std::memcpy(to + at, bytes, count);
    return true;
  });
}

bool holds_pattern(std::uint64_t seed, const std::byte* from, std::size_t first, std::size_t last) {
  return walk_pattern(seed, first, last, [from](std::size_t at, const std::byte* bytes, std::size_t count) {
    std::uint64_t found = 0, expected = 0;  // compared as words: a memcmp of a few bytes may be a call
    std::memcpy(&found, from + at, count);
    std::memcpy(&expected, bytes, count);
    return found == expected;
  });
}

GuardedBuffer::GuardedBuffer(std::size_t bytes, std::size_t element_bytes, std::string what)
    : bytes_(bytes),
      element_bytes_(element_bytes),
      room_bytes_(round_up(bytes + odd_base + element_bytes)),
      what_(std::move(what)) {
  install_handler();
  const std::size_t all = room_bytes_ + 2 * guard_bytes;
  void* mapped = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::byte*>(mapped);
  region_ = new Region{begin, begin + guard_bytes, begin + guard_bytes + room_bytes_, begin + all};
  add_region(region_);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer&& other) noexcept
    : region_(std::exchange(other.region_, nullptr)),
      bytes_(other.bytes_),
      element_bytes_(other.element_bytes_),
      room_bytes_(other.room_bytes_),
      what_(std::move(other.what_)),
      placement_(other.placement_),
      seed_(other.seed_) {}

GuardedBuffer::~GuardedBuffer() {
  if (region_ == nullptr) return;
  left_regions().add(region_);
}

std::byte* GuardedBuffer::room() const { return region_->room; }

std::byte* GuardedBuffer::tensor() const {
  switch (placement_) {
    case Placement::at_end: return room() + room_bytes_ - bytes_;
    case Placement::at_start: return room();
    case Placement::odd: return room() + odd_base + element_bytes_;
  }
  return nullptr;
}

void GuardedBuffer::open(std::uint64_t seed, Placement placement) {
  mprotect(region_->begin, guard_bytes, PROT_NONE);
  mprotect(region_->room_end, guard_bytes, PROT_NONE);
  if (mprotect(room(), room_bytes_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  placement_ = placement;
  seed_ = seed;
  region_->first_touch.store(0);
}

void GuardedBuffer::poison(std::uint64_t seed, Placement placement) {
  open(seed, placement);
  fill_with_pattern(seed, room(), 0, room_bytes_);
}

void GuardedBuffer::fill(std::uint64_t seed, Placement placement, const void* contents) {
  open(seed, placement);
  fill_with_pattern(seed, room(), 0, tensor_begin());
  if (bytes_ != 0) std::memcpy(tensor(), contents, bytes_);
  fill_with_pattern(seed, room(), tensor_begin() + bytes_, room_bytes_);
  mprotect(room(), room_bytes_, PROT_READ);
}

std::string GuardedBuffer::trespass() {
  const Region& region = *region_;
  const auto touched = reinterpret_cast<std::byte*>(region.first_touch.load());
  if (touched != nullptr) {
    const char* did = region.first_was_write.load() ? "wrote" : "read";
    if (touched >= region.room_end) return fmt::format("it {} beyond {}", did, what_);
    if (touched < region.room) return fmt::format("it {} before {}", did, what_);
    return fmt::format("it wrote to {}", what_);
  }
  if (!holds_pattern(seed_, room(), 0, tensor_begin())) return fmt::format("it wrote before {}", what_);
  if (!holds_pattern(seed_, room(), tensor_begin() + bytes_, room_bytes_))
    return fmt::format("it wrote beyond {}", what_);
  return {};
}

Running::Running(std::string_view label, std::string_view repro) {
  install_handler();
  const auto end = fmt::format_to_n(crash_sentence.data(), crash_sentence.size() - 1,
                                    "{} crashed, and with it the program; reproduce: {}", label, repro);
  *end.out = '\0';
}

Running::~Running() { crash_sentence[0] = '\0'; }

}  // namespace assay::bench
