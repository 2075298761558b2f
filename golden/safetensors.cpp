// The reader of whole files: sizes first, then the header, then the elements. Start with SafetensorsFile::load.
#include "golden/safetensors.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <new>
#include <numeric>
#include <utility>

#include "golden/regular_file.h"

namespace assay {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

/// Where a file's bytes come from, and what they are called in messages.
struct SafetensorsFile::Source {
  std::uint64_t size;
  std::string name;
  /// Copies the bytes at a position within `size` and after it.
  std::function<void(std::uint64_t at, std::span<std::byte> into)> copy;

  std::string text(std::uint64_t at, std::uint64_t length) const {
    std::string out(length, '\0');
    copy(at, std::as_writable_bytes(std::span(out)));
    return out;
  }
  [[noreturn]] void refuse(std::uint64_t byte, std::string_view tensor, std::string_view problem) const {
    refuse_safetensors(name, byte, tensor, problem);
  }
};

namespace {

/// The length of the header, once it is known to lie inside the file.
std::uint64_t checked_header_length(std::uint64_t length, std::uint64_t file_size, std::string_view file) {
  if (length > safetensors_max_header)
    refuse_safetensors(
        file, 0, "",
        fmt::format("the header claims {} bytes, more than the {} allowed", length, safetensors_max_header));
  const std::uint64_t available = file_size - safetensors_length_bytes;
  if (length > available)
    refuse_safetensors(file, 0, "", fmt::format("the header claims {} bytes, but {} follow", length, available));
  return length;
}

/// Bytes of memory that this machine has. A file that is larger, which costs nothing with holes in it, must not be left
/// to the allocation, since systems that promise more memory than they have kill the program instead.
std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

[[noreturn]] void refuse_for_memory(const RegularFile& file) {
  throw InvalidArgument(fmt::format("{} has {} bytes, more than there is memory for", file.name(), file.size()));
}

/// Of a tensor's elements in memory.
std::uint64_t bytes_of(const SafetensorsEntry& entry) {
  return static_cast<std::uint64_t>(entry.shape.elements()) * size_of(entry.dtype);
}

/// Where each tensor's elements start in memory: every one on a cache line of its own. The last value is the total.
std::vector<std::uint64_t> aligned_places(const std::vector<SafetensorsEntry>& entries) {
  constexpr std::uint64_t cache_line = 64;
  std::vector<std::uint64_t> places = {0};
  places.reserve(entries.size() + 1);
  for (const auto& entry : entries)
    places.push_back(places.back() + (bytes_of(entry) + cache_line - 1) / cache_line * cache_line);
  return places;
}

/// Makes I64 of I32, which fill the second half of `elements`. Each is read before a result reaches its place.
void widen_i32(std::span<std::byte> elements) {
  std::byte* to = elements.data();
  for (const std::byte* from = to + elements.size() / 2; to != elements.data() + elements.size();
       from += sizeof(std::int32_t), to += sizeof(std::int64_t)) {
    std::int32_t narrow = 0;
    std::memcpy(&narrow, from, sizeof narrow);
    const std::int64_t wide = narrow;
    std::memcpy(to, &wide, sizeof wide);
  }
}

}  // namespace

void SafetensorsFile::take_elements(const Source& source, SafetensorsHeader header, std::uint64_t data_at) {
  const auto places = aligned_places(header.tensors);
  elements_ = allocate_host(places.back());
  tensors_.reserve(header.tensors.size());
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    SafetensorsEntry& entry = header.tensors[i];
    const std::span elements(elements_.get() + places[i], bytes_of(entry));
    source.copy(data_at + entry.begin, elements.last(entry.end - entry.begin));
    if (entry.from_i32) widen_i32(elements);
    if (entry.dtype == DType::boolean) {
      const auto bad = std::ranges::find_if(elements, [](std::byte b) { return b > std::byte{1}; });
      if (bad != elements.end())
        source.refuse(data_at + entry.begin + static_cast<std::uint64_t>(bad - elements.begin()), entry.name,
                      fmt::format("a BOOL element is {}, neither 0 nor 1", std::to_integer<int>(*bad)));
    }
    tensors_.push_back({std::move(entry.name), {elements.data(), entry.dtype, entry.shape}});
  }
  by_name_.resize(tensors_.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::ranges::sort(by_name_, {}, [&](std::size_t i) -> const std::string& { return tensors_[i].name; });
}

SafetensorsFile SafetensorsFile::load(const Source& source, const WantedTensors& wanted) {
  constexpr std::string_view lfs = "version https://git-lfs.github.com/spec/";
  if (source.size >= lfs.size() && source.text(0, lfs.size()) == lfs)
    source.refuse(0, "", "this is a Git-LFS pointer, not the file it stands for; fetch that with \"git lfs pull\"");
  if (source.size < safetensors_length_bytes)
    source.refuse(0, "", fmt::format("the file has {} bytes, too few for the length of a header", source.size));
  std::uint64_t length = 0;
  source.copy(0, std::as_writable_bytes(std::span(&length, 1)));
  const std::uint64_t data_at = safetensors_length_bytes + checked_header_length(length, source.size, source.name);

  const std::string text = source.text(safetensors_length_bytes, length);
  SafetensorsHeader header = parse_safetensors_header(text, source.size - data_at, source.name, wanted);
  SafetensorsFile file;
  file.metadata_ = std::move(header.metadata);
  file.take_elements(source, std::move(header), data_at);
  return file;
}

SafetensorsFile SafetensorsFile::parse(std::span<const std::byte> bytes, std::string_view file_name,
                                       const WantedTensors& wanted) {
  const auto copy = [bytes](std::uint64_t at, std::span<std::byte> into) {
    std::ranges::copy(bytes.subspan(at, into.size()), into.begin());
  };
  return load({bytes.size(), std::string(file_name), copy}, wanted);
}

SafetensorsFile SafetensorsFile::read(const std::filesystem::path& path, const WantedTensors& wanted) {
  return read(RegularFile(path), wanted);
}

SafetensorsFile SafetensorsFile::read(const RegularFile& opened, const WantedTensors& wanted) {
  if (opened.size() > physical_memory()) refuse_for_memory(opened);
  const auto copy = [&](std::uint64_t at, std::span<std::byte> into) { opened.read(at, into); };
  try {
    SafetensorsFile file = load({opened.size(), opened.name(), copy}, wanted);
    opened.require_unchanged();
    return file;
  } catch (const std::bad_alloc&) {
    refuse_for_memory(opened);
  }
}

const TensorRef* SafetensorsFile::find(std::string_view name) const {
  const auto named = [&](std::size_t i) -> std::string_view { return tensors_[i].name; };
  const auto found = std::ranges::lower_bound(by_name_, name, {}, named);
  return found == by_name_.end() || named(*found) != name ? nullptr : &tensors_[*found].tensor;
}

}  // namespace assay
