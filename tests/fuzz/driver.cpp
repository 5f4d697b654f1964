// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target without a fuzzer: every seed as it is, then a fixed series of mutations. The
// same seeds give the same series on every host, so what fails once fails again.

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Sanitizers shall abort, so that the input can be kept. Without a sanitizer nobody calls these.
extern "C" const char* __asan_default_options();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __ubsan_default_options();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __asan_default_options() { return "abort_on_error=1:detect_leaks=1"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t largest_input = 1U << 20U;
constexpr const char* kept_input = "fuzz-input";

/// What the handler of a crash has to keep; a signal handler has no other way to know it.
const Input* running = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void keep_input(int /*signal*/) {
  const int file = open(kept_input, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file >= 0 && running != nullptr) {
    [[maybe_unused]] const ssize_t size = write(file, running->data(), running->size());
  }
  constexpr std::string_view text = "the input that failed is in the file fuzz-input\n";
  [[maybe_unused]] const ssize_t said = write(STDERR_FILENO, text.data(), text.size());
  signal(SIGABRT, SIG_DFL);
  abort();
}

void run(const Input& input) {
  running = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
  running = nullptr;
}

/// xorshift64*: the same numbers everywhere, which no distribution of the standard library gives.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t next() {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return state_ * 0x2545f4914f6cdd1dULL;
  }
  /// Below `bound`; 0 when that is 0.
  std::size_t below(std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>((next() >> 11U) % bound);
  }

 private:
  std::uint64_t state_;
};

class Mutator {
 public:
  Mutator(const std::vector<Input>& seeds, std::uint64_t seed) : seeds_(seeds), random_(seed) {}

  Input next() {
    Input input = seeds_[random_.below(seeds_.size())];
    // Mostly few changes: what is still nearly right gets furthest.
    const std::size_t changes = 1 + random_.below(random_.below(4) == 0 ? 16 : 3);
    for (std::size_t i = 0; i < changes; ++i) change(input);
    if (input.size() > largest_input) input.resize(largest_input);
    return input;
  }

 private:
  void change(Input& input) {
    switch (random_.below(8)) {
      case 0: return flip_bit(input);
      case 1: return set_byte(input);
      case 2:
      case 3: return set_number(input);
      case 4: return remove(input);
      case 5: return repeat(input);
      case 6: return cut(input);
      default: return splice(input);
    }
  }

  void flip_bit(Input& input) {
    if (input.empty()) return;
    input[random_.below(input.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
  }

  void set_byte(Input& input) {
    constexpr std::string_view interesting("\0\xff\x7f\x80\x01 \n\"'=,:/[]{}-0", 20);
    const auto byte = static_cast<std::uint8_t>(interesting[random_.below(interesting.size())]);
    if (!input.empty()) input[random_.below(input.size())] = byte;
  }

  /// A number of 1 to 8 bytes in either byte order.
  void set_number(Input& input) {
    constexpr std::uint64_t interesting[] = {
        0,       1,          0x7f,       0x80,       0xff,        0x7fff,      0x8000,      0xffff,
        0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 32U, ~0ULL >> 1U, 1ULL << 63U, ~0ULL};
    const std::size_t width = std::size_t{1} << random_.below(4);
    if (input.size() < width) return;
    std::uint64_t value = interesting[random_.below(std::size(interesting))];
    if (random_.below(4) == 0) value = random_.below(4096);
    const bool big = random_.below(2) == 0;
    std::size_t at = random_.below(input.size() - width + 1);
    if (random_.below(2) == 0) at -= at % width;
    for (std::size_t i = 0; i < width; ++i)
      input[at + (big ? width - 1 - i : i)] = static_cast<std::uint8_t>(value >> (8 * i));
  }

  [[nodiscard]] std::pair<std::size_t, std::size_t> piece(const Input& input) {
    const std::size_t start = random_.below(input.size());
    const std::size_t most = std::min<std::size_t>(input.size() - start, 1U << random_.below(9));
    return {start, most};
  }

  void remove(Input& input) {
    const auto [start, size] = piece(input);
    const auto from = input.begin() + static_cast<std::ptrdiff_t>(start);
    input.erase(from, from + static_cast<std::ptrdiff_t>(size));
  }

  void repeat(Input& input) {
    const auto [start, size] = piece(input);
    const auto from = input.begin() + static_cast<std::ptrdiff_t>(start);
    const Input copy(from, from + static_cast<std::ptrdiff_t>(size));
    const auto to = static_cast<std::ptrdiff_t>(random_.below(input.size() + 1));
    input.insert(input.begin() + to, copy.begin(), copy.end());
  }

  void cut(Input& input) { input.resize(random_.below(input.size() + 1)); }

  void splice(Input& input) {
    const Input& other = seeds_[random_.below(seeds_.size())];
    const auto [start, size] = piece(other);
    const std::size_t to = random_.below(input.size() + 1);
    if (input.size() < to + size) input.resize(to + size);
    std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(start), size,
                input.begin() + static_cast<std::ptrdiff_t>(to));
  }

  const std::vector<Input>& seeds_;
  Random random_;
};

std::vector<Input> read_seeds(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path))
    for (const auto& entry : std::filesystem::directory_iterator(path))
      files.push_back(entry.path());
  else
    files.push_back(path);
  std::ranges::sort(files);
  std::vector<Input> seeds;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  // [--iterations N] SEEDS: a directory, or one file to try again.
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  std::uint64_t iterations = 0;
  std::string_view path = words.empty() ? "" : words.back();
  if (words.size() == 3 && words[0] == "--iterations") iterations = number(words[1]).value_or(0);
  const std::vector<Input> seeds =
      path.empty() || words.size() == 2 ? std::vector<Input>{} : read_seeds(path);
  if (seeds.empty()) {
    fmt::print(stderr, "usage: {} [--iterations N] SEEDS (a directory or a file)\n", argv[0]);
    return 2;
  }
  signal(SIGABRT, keep_input);
  for (const Input& seed : seeds) run(seed);
  Mutator mutator(seeds, 1);
  for (std::uint64_t i = 0; i < iterations; ++i) run(mutator.next());
  fmt::print("{} seeds, {} mutations\n", seeds.size(), iterations);
  return 0;
}
