// SPDX-License-Identifier: Apache-2.0
#include "digest/sha256_lanes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace kxf {
namespace {

constexpr std::size_t lanes = 4;
constexpr std::size_t block_bytes = 64;

/// A word of each lane: lane i is element i.
using Words = std::uint32_t __attribute__((vector_size(lanes * sizeof(std::uint32_t))));
using Bytes16 = std::uint8_t __attribute__((vector_size(lanes * sizeof(std::uint32_t))));

/// A block of each lane.
using Lanes = std::array<const std::uint8_t*, lanes>;

struct State {
  Words at[8];
};

/// FIPS 180-4, section 5.3.3.
constexpr std::array<std::uint32_t, 8> initial_state{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// FIPS 180-4, section 4.2.2.
struct RoundConstants {
  Words at[64];
};
constexpr RoundConstants round_constants = [] {
  constexpr std::array<std::uint32_t, 64> plain{
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  RoundConstants constants{};
  for (std::size_t i = 0; i < plain.size(); ++i)
    constants.at[i] = Words{plain[i], plain[i], plain[i], plain[i]};
  return constants;
}();

constexpr bool is_little_endian = std::endian::native == std::endian::little;

// Five operations that differ between CPUs: load() reads 16 bytes of a block, round() and extend()
// are the steps of FIPS 180-4, section 6.2.2, and the last two read the state and add to it.
#if defined(__CRYPTO__) && defined(__VSX__) && defined(__POWER8_VECTOR__)

// Instructions are written out and kept in their order because 24 of 32 registers are in use for
// good: when a compiler moves loads forward, a tenth of all instructions moves registers to the
// stack and back. Offsets are in registers that all five share.

/// In little-endian mode this leaves the halves exchanged; interleave() takes them from there,
/// which spares an instruction to repair it.
[[gnu::always_inline]] inline Bytes16 load(const std::uint8_t* block, std::size_t offset) {
  Bytes16 loaded;
  __asm__ volatile("lxvd2x %x0,%1,%2"
                   : "=wa"(loaded)
                   : "b"(block), "r"(offset),
                     "m"(*reinterpret_cast<const std::uint8_t(*)[block_bytes]>(block)));
  return loaded;
}
constexpr unsigned exchanged = is_little_endian ? sizeof(Bytes16) / 2 : 0;

[[gnu::always_inline]] inline void round(Words a, Words b, Words c, Words& d, Words e, Words f,
                                         Words g, Words& h, const Words* constants,
                                         std::size_t number, Words word) {
  Words sigma, choice;
  __asm__ volatile(
      "lvx %[sigma],%[constants],%[offset]\n\t"
      "vadduwm %[h],%[h],%[word]\n\t"
      "vadduwm %[h],%[h],%[sigma]\n\t"
      "vshasigmaw %[sigma],%[e],1,15\n\t"
      "vsel %[choice],%[g],%[f],%[e]\n\t"
      "vadduwm %[h],%[h],%[sigma]\n\t"
      "vadduwm %[h],%[h],%[choice]\n\t"
      "vadduwm %[d],%[d],%[h]\n\t"
      "vshasigmaw %[sigma],%[a],1,0\n\t"
      "vxor %[choice],%[a],%[b]\n\t"
      "vsel %[choice],%[b],%[c],%[choice]\n\t"
      "vadduwm %[sigma],%[sigma],%[choice]\n\t"
      "vadduwm %[h],%[h],%[sigma]"
      : [d] "+&v"(d), [h] "+&v"(h), [sigma] "=&v"(sigma), [choice] "=&v"(choice)
      : [a] "v"(a), [b] "v"(b), [c] "v"(c), [e] "v"(e), [f] "v"(f), [g] "v"(g), [word] "v"(word),
        [constants] "b"(constants), [offset] "r"(number * sizeof(Words)), "m"(round_constants));
}

[[gnu::always_inline]] inline void extend(Words& word, Words next, Words ninth, Words fourteenth) {
  Words sigma;
  __asm__ volatile(
      "vadduwm %[word],%[word],%[ninth]\n\t"
      "vshasigmaw %[sigma],%[next],0,0\n\t"
      "vadduwm %[word],%[word],%[sigma]\n\t"
      "vshasigmaw %[sigma],%[fourteenth],0,15\n\t"
      "vadduwm %[word],%[word],%[sigma]"
      : [word] "+&v"(word), [sigma] "=&v"(sigma)
      : [next] "v"(next), [ninth] "v"(ninth), [fourteenth] "v"(fourteenth));
}

[[gnu::always_inline]] inline Words read_state(const State& state, std::size_t number) {
  Words words;
  __asm__ volatile("lvx %0,%1,%2"
                   : "=v"(words)
                   : "b"(&state), "r"(number * sizeof(Words)), "m"(state));
  return words;
}

[[gnu::always_inline]] inline void add_to_state(State& state, std::size_t number, Words value) {
  Words words;
  __asm__ volatile(
      "lvx %[words],%[state],%[offset]\n\t"
      "vadduwm %[words],%[words],%[value]\n\t"
      "stvx %[words],%[state],%[offset]"
      : "+m"(state), [words] "=&v"(words)
      : [state] "b"(&state), [offset] "r"(number * sizeof(Words)), [value] "v"(value));
}

#else

[[gnu::always_inline]] inline Bytes16 load(const std::uint8_t* block, std::size_t offset) {
  Bytes16 loaded;
  std::memcpy(&loaded, block + offset, sizeof loaded);
  return loaded;
}
constexpr unsigned exchanged = 0;

[[gnu::always_inline]] inline Words rotate_right(Words x, unsigned count) {
  return (x >> count) | (x << (32 - count));
}

[[gnu::always_inline]] inline void round(Words a, Words b, Words c, Words& d, Words e, Words f,
                                         Words g, Words& h, const Words* constants,
                                         std::size_t number, Words word) {
  const Words sigma0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
  const Words sigma1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
  h += constants[number] + word + sigma1 + (g ^ (e & (f ^ g)));
  d += h;
  h += sigma0 + ((a & b) | (c & (a | b)));
}

[[gnu::always_inline]] inline void extend(Words& word, Words next, Words ninth, Words fourteenth) {
  const Words sigma0 = rotate_right(next, 7) ^ rotate_right(next, 18) ^ (next >> 3);
  const Words sigma1 =
      rotate_right(fourteenth, 17) ^ rotate_right(fourteenth, 19) ^ (fourteenth >> 10);
  word += sigma0 + ninth + sigma1;
}

[[gnu::always_inline]] inline Words read_state(const State& state, std::size_t number) {
  return state.at[number];
}

[[gnu::always_inline]] inline void add_to_state(State& state, std::size_t number, Words value) {
  state.at[number] += value;
}

#endif

// ---- from bytes to lanes ------------------------------------------------------------------------

/// Where, in two vectors that were loaded, byte `at` of {a[word], b[word], a[word + 1], b[word +
/// 1]} is: big-endian in memory, in the CPU's order in a lane.
constexpr int source_of(unsigned at, unsigned word) {
  const unsigned in_word = is_little_endian ? 3 - at % 4 : at % 4;
  const unsigned in_vector = 4 * (word + at / 8) + in_word;
  const bool of_second = at / 4 % 2 != 0;
  return static_cast<int>((in_vector ^ exchanged) + (of_second ? sizeof(Bytes16) : 0));
}

template <unsigned word, std::size_t... at>
[[gnu::always_inline]] inline Words interleave(Bytes16 a, Bytes16 b, std::index_sequence<at...>) {
  return reinterpret_cast<Words>(__builtin_shufflevector(a, b, source_of(at, word)...));
}

/// {a[word], b[word], a[word + 1], b[word + 1]} of big-endian words.
template <unsigned word>
[[gnu::always_inline]] inline Words interleave(Bytes16 a, Bytes16 b) {
  return interleave<word>(a, b, std::make_index_sequence<sizeof(Bytes16)>());
}

/// Four words of each lane's block, from word `first`: out[i] has word first + i of all lanes.
[[gnu::always_inline]] inline void gather(const Lanes& in, std::size_t first, Words* out) {
  const std::size_t offset = first * sizeof(std::uint32_t);
  const Bytes16 a = load(in[0], offset), b = load(in[1], offset);
  const Bytes16 c = load(in[2], offset), d = load(in[3], offset);
  const Words ab01 = interleave<0>(a, b), ab23 = interleave<2>(a, b);
  const Words cd01 = interleave<0>(c, d), cd23 = interleave<2>(c, d);
  out[0] = __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5);
  out[1] = __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7);
  out[2] = __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5);
  out[3] = __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7);
}

// ---- the hash -----------------------------------------------------------------------------------

/// Where the letters of round i are: they rotate through the array instead of through registers.
constexpr std::size_t letter(std::size_t round, std::size_t number) {
  return (number + 16 - round) % 8;
}

/// Round n of sixteen. The index is a constant, so that both arrays live in registers.
template <std::size_t n>
[[gnu::always_inline]] inline void numbered_round(Words (&s)[8], const Words (&w)[16],
                                                  const Words* constants) {
  round(s[letter(n, 0)], s[letter(n, 1)], s[letter(n, 2)], s[letter(n, 3)], s[letter(n, 4)],
        s[letter(n, 5)], s[letter(n, 6)], s[letter(n, 7)], constants, n, w[n]);
}

/// Rounds `first` to `first` + 3, with the words that are in the block.
template <std::size_t first>
[[gnu::always_inline]] inline void four_rounds(Words (&s)[8], Words (&w)[16],
                                               const Words* constants, const Lanes& in) {
  gather(in, first, w + first);
  numbered_round<first>(s, w, constants);
  numbered_round<first + 1>(s, w, constants);
  numbered_round<first + 2>(s, w, constants);
  numbered_round<first + 3>(s, w, constants);
}

template <std::size_t n>
[[gnu::always_inline]] inline void extended_round(Words (&s)[8], Words (&w)[16],
                                                  const Words* constants) {
  extend(w[n], w[(n + 1) % 16], w[(n + 9) % 16], w[(n + 14) % 16]);
  numbered_round<n>(s, w, constants);
}

/// Sixteen rounds, each with a word that is made from those of the sixteen before.
template <std::size_t... n>
[[gnu::always_inline]] inline void sixteen_rounds(Words (&s)[8], Words (&w)[16],
                                                  const Words* constants,
                                                  std::index_sequence<n...>) {
  (extended_round<n>(s, w, constants), ...);
}

/// The compiler does not look through this: else it makes each constant's address by itself.
[[gnu::always_inline]] inline const Words* opaque(const Words* pointer) {
  __asm__("" : "+r"(pointer));
  return pointer;
}

template <std::size_t... n>
[[gnu::always_inline]] inline void hash_block(State& state, const Lanes& in,
                                              std::index_sequence<n...>) {
  constexpr auto sixteen = std::make_index_sequence<16>();
  Words s[8] = {read_state(state, n)...};
  Words w[16];
  const Words* constants = opaque(round_constants.at);
  four_rounds<0>(s, w, constants, in);
  four_rounds<4>(s, w, constants, in);
  four_rounds<8>(s, w, constants, in);
  four_rounds<12>(s, w, constants, in);
  sixteen_rounds(s, w, opaque(constants + 16), sixteen);
  sixteen_rounds(s, w, opaque(constants + 32), sixteen);
  sixteen_rounds(s, w, opaque(constants + 48), sixteen);
  (add_to_state(state, n, s[n]), ...);
}

/// `blocks` blocks of each lane.
void hash_blocks(State& state, Lanes in, std::size_t blocks) {
  for (; blocks != 0; --blocks) {
    hash_block(state, in, std::make_index_sequence<8>());
    in = {in[0] + block_bytes, in[1] + block_bytes, in[2] + block_bytes, in[3] + block_bytes};
  }
}

// ---- many views ---------------------------------------------------------------------------------

/// A view on its way through a lane: first its whole blocks, then what is left of it with the
/// padding (section 5.1.1), one block or two.
class Job {
 public:
  Job() = default;
  Job(ByteView view, Sha256* digest)
      : next_(view.data()), blocks_(view.size() / block_bytes), digest_(digest) {
    const ByteView rest = view.subspan(blocks_ * block_bytes);
    std::ranges::copy(rest, last_.begin());
    last_[rest.size()] = 0x80;
    last_blocks_ = rest.size() + 1 + sizeof(std::uint64_t) <= block_bytes ? 1 : 2;
    store<std::uint64_t>(last_, last_blocks_ * block_bytes - sizeof(std::uint64_t),
                         std::uint64_t{view.size()} * 8, Endian::big);
  }

  [[nodiscard]] bool is_idle() const { return digest_ == nullptr; }
  [[nodiscard]] const std::uint8_t* next() const { return next_; }
  [[nodiscard]] std::size_t blocks() const { return blocks_; }

  /// `count` blocks are done; says whether the digest is.
  [[nodiscard]] bool advance(std::size_t count) {
    next_ += count * block_bytes;
    blocks_ -= count;
    if (blocks_ == 0) {
      next_ = last_.data();
      blocks_ = std::exchange(last_blocks_, 0);
    }
    return blocks_ == 0;
  }
  void finish(const State& state, std::size_t lane) {
    for (std::size_t i = 0; i < 8; ++i)
      store<std::uint32_t>(*digest_, i * sizeof(std::uint32_t), state.at[i][lane], Endian::big);
    digest_ = nullptr;
  }

 private:
  const std::uint8_t* next_ = nullptr;
  std::size_t blocks_ = 0;
  Sha256* digest_ = nullptr;
  std::array<std::uint8_t, 2 * block_bytes> last_{};
  std::size_t last_blocks_ = 0;
};

/// All lanes go on until the first of them comes to an end; an idle one repeats another's work.
void run(std::array<Job, lanes>& jobs, State& state) {
  const auto& busy = *std::ranges::find_if(jobs, [](const Job& job) { return !job.is_idle(); });
  std::size_t count = busy.blocks();
  for (const Job& job : jobs)
    if (!job.is_idle()) count = std::min(count, job.blocks());
  Lanes in{};
  for (std::size_t lane = 0; lane < lanes; ++lane)
    in[lane] = (jobs[lane].is_idle() ? busy : jobs[lane]).next();
  hash_blocks(state, in, count);
  for (std::size_t lane = 0; lane < lanes; ++lane)
    if (!jobs[lane].is_idle() && jobs[lane].advance(count)) jobs[lane].finish(state, lane);
}

}  // namespace

void sha256_lanes(std::span<const ByteView> views, std::span<Sha256> digests) {
  // The longest first: they end together, and short ones fill the gaps.
  std::vector<std::size_t> order(views.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](std::size_t i) { return views[i].size(); });

  std::array<Job, lanes> jobs;
  State state{};
  auto next = order.begin();
  while (true) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (!jobs[lane].is_idle() || next == order.end()) continue;
      jobs[lane] = Job(views[*next], &digests[*next]);
      ++next;
      for (std::size_t i = 0; i < 8; ++i) state.at[i][lane] = initial_state[i];
    }
    if (std::ranges::all_of(jobs, &Job::is_idle)) return;
    run(jobs, state);
  }
}

}  // namespace kxf
