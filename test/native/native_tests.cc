// Unit tests of the pure headers. Without an argument the program lists the cases, one per line.
// With the number of a case it runs that case, and exits with 0 if all its checks are true.

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "hashcode.h"
#include "lcg.h"
#include "pick.h"
#include "sequence.h"

namespace {

using namespace port4me;

using Bits = std::array<uint8_t, PortBits::kBytes>;

Bits Holding(std::initializer_list<uint32_t> ports) {
  Bits bits{};
  for (const uint32_t port : ports) bits[port >> 3] |= static_cast<uint8_t>(1 << (port & 7));
  return bits;
}

Bits Every() {
  Bits bits;
  bits.fill(0xff);
  return bits;
}

std::vector<uint16_t> Fill(uint32_t seed, const Bits& bits, uint64_t skip, size_t count) {
  std::vector<uint16_t> out(count);
  if (!FillCandidates(seed, PortBits(bits), skip, out)) out.clear();
  return out;
}

void HashcodesOfTheReferences() {
  static_assert(Hashcode(u"") == 0);
  static_assert(Hashcode(u"A") == 65);
  static_assert(Hashcode(u"alice,rstudio") == 3688618396);
  CHECK(Hashcode(u"port4me - get the same, personal, free TCP port over and over") == 1731535982);
}

void HashcodeOfASurrogatePairIsThatOfItsCodePoint() {
  static_assert(Hashcode(u"\U0001F600") == 0x1F600);
  static_assert(Hashcode(u"a\U0010FFFFb") == (('a' * 31u + 0x10FFFF) * 31u + 'b'));
}

void HashcodeOfALoneSurrogateIsItsUnit() {
  constexpr char16_t high[] = {0xD83D, u'x', 0};
  constexpr char16_t low[] = {0xDE00, 0xD83D, 0};
  static_assert(Hashcode(std::u16string_view(high, 2)) == 0xD83Du * 31 + u'x');
  static_assert(Hashcode(std::u16string_view(low, 2)) == 0xDE00u * 31 + 0xD83D);
  static_assert(Hashcode(std::u16string_view(high, 1)) == 0xD83D);
}

void LcgAgreesWithItsDefinition() {
  std::mt19937 random(75);
  for (int i = 0; i < 1000000; ++i) {
    const uint32_t seed = random();
    uint64_t state = seed % 65537;
    uint64_t next = (75 * state + 74) % 65537;
    if (next == state) next = (75 * (state + 1) + 74) % 65537;
    CHECK(NextLcgState(seed) == next);
  }
}

void LcgLeavesItsFixedPoint() {
  static_assert(NextLcgState(65536) == 74);
  static_assert(NextLcgState(65536 + 65537) == 74);
}

void LcgVisitsEachValueOnceInAPeriod() {
  for (const uint32_t seed : {0u, 1u, 65535u, 65536u, 65537u, 3688618396u, 4294967295u}) {
    std::vector<bool> seen(65536, false);
    uint32_t state = seed;
    for (uint32_t i = 0; i < kLcgPeriod; ++i) {
      state = NextLcgState(state);
      CHECK(state < 65536 && !seen[state]);
      seen[state] = true;
    }
  }
}

void PortBitsNeverHavePortZero() {
  const Bits bits = Every();
  const PortBits set(bits);
  CHECK(!set.Has(0) && set.Has(1) && set.Has(65535));
  CHECK(set.Count() == 65535);
  const Bits empty{};
  CHECK(PortBits(empty).Count() == 0);
}

void FillGivesThePortsOfTheReferences() {
  Bits bits = Every();
  std::memset(bits.data(), 0, 1024 / 8);
  const std::vector<uint16_t> alice{30845, 19654, 32310, 63992, 15273};
  CHECK(Fill(Hashcode(u"alice"), bits, 0, 5) == alice);
  const std::vector<uint16_t> bob{54242, 4930, 42139, 14723, 55707};
  CHECK(Fill(Hashcode(u"bob"), bits, 0, 5) == bob);
}

void FillRepeatsAfterAPeriod() {
  const Bits bits = Holding({5000, 5001, 65535});
  const auto ports = Fill(7, bits, 0, 100000);
  CHECK(ports.size() == 100000);
  for (size_t i = 3; i < ports.size(); ++i) CHECK(ports[i] == ports[i - 3]);
}

void FillSkipsAnyNumber() {
  const Bits bits = Holding({5000, 5001, 65535});
  const auto ports = Fill(7, bits, 0, 4);
  CHECK(Fill(7, bits, 1, 3) == std::vector<uint16_t>(ports.begin() + 1, ports.end()));
  CHECK(Fill(7, bits, 3000000000000001, 3) == Fill(7, bits, 1, 3));
}

void FillOfAnEmptySetIsFalse() {
  CHECK(Fill(7, Bits{}, 0, 1).empty());
  CHECK(Fill(7, Holding({0}), 5, 1).empty());
}

Search SearchFor(const Bits& bits, std::span<const uint16_t> prepended, uint64_t skip = 0,
                 uint64_t max_tries = 65535) {
  return Search{Hashcode(u"alice"), PortBits(bits), prepended, skip, max_tries};
}

void PickTakesTheFirstFreeCandidate() {
  const Bits bits = Every();
  const auto ports = Fill(Hashcode(u"alice"), bits, 0, 3);
  const PickResult pick = PickFirstFree(SearchFor(bits, {}), [&](uint16_t port) {
    return port == ports[2] ? Answer::kFree : Answer::kBusy;
  });
  CHECK(pick.port == ports[2] && pick.tries == 3);
}

void PickTriesPrependedPortsFirst() {
  const Bits bits = Every();
  const std::vector<uint16_t> prepended{4001, 4002};
  const auto second = [](uint16_t port) { return port == 4002 ? Answer::kFree : Answer::kBusy; };
  const PickResult pick = PickFirstFree(SearchFor(bits, prepended), second);
  CHECK(pick.port == 4002 && pick.tries == 2);
  const PickResult skipped = PickFirstFree(SearchFor(bits, prepended, 1), second);
  CHECK(skipped.port == 4002 && skipped.tries == 1);
}

void PickAsksEachCandidateOnceAndGivesUp() {
  const Bits bits = Every();
  std::vector<int> asked(65536, 0);
  const PickResult pick = PickFirstFree(SearchFor(bits, {}, 17), [&](uint16_t port) {
    ++asked[port];
    return Answer::kBusy;
  });
  CHECK(pick.port == 0 && pick.tries == 65535);
  for (uint32_t port = 1; port < 65536; ++port) CHECK(asked[port] == 1);
}

void PickStopsAfterMaxTries() {
  const Bits bits = Every();
  const std::vector<uint16_t> prepended{4001, 4002, 4003};
  const auto busy = [](uint16_t) { return Answer::kBusy; };
  CHECK(PickFirstFree(SearchFor(bits, prepended, 0, 2), busy).tries == 2);
  CHECK(PickFirstFree(SearchFor(bits, prepended, 0, 10), busy).tries == 10);
}

void PickStopsAtAFailedProbe() {
  const Bits bits = Every();
  const PickResult pick =
      PickFirstFree(SearchFor(bits, {}), [](uint16_t) { return Answer::kError; });
  CHECK(pick.port == 0 && pick.tries == 1);
}

void PickFromNothingTriesNothing() {
  const Bits bits{};
  const auto free = [](uint16_t) { return Answer::kFree; };
  CHECK(PickFirstFree(SearchFor(bits, {}), free).tries == 0);
  const std::vector<uint16_t> prepended{4001};
  CHECK(PickFirstFree(SearchFor(bits, prepended, 1), free).tries == 0);
}

void PickInPartsIsTheSamePick() {
  const Bits bits = Every();
  const std::vector<uint16_t> prepended{4001, 4002, 4003};
  for (const uint32_t part : {1u, 2u, 16u, 1000u}) {
    for (const uint64_t skip : {0u, 2u, 3u, 17u}) {
      std::vector<uint16_t> at_once;
      std::vector<uint16_t> in_parts;
      const auto into = [](std::vector<uint16_t>* asked) {
        return [asked](uint16_t port) {
          asked->push_back(port);
          return asked->size() == 100 ? Answer::kFree : Answer::kBusy;
        };
      };
      const Search search = SearchFor(bits, prepended, skip);
      const PickResult pick = PickFirstFree(search, into(&at_once));
      Searcher searching(search);
      size_t parts = 1;
      while (!searching.Run(part, into(&in_parts))) CHECK(in_parts.size() == part * parts++);
      CHECK(searching.result().port == pick.port && searching.result().tries == pick.tries);
      CHECK(in_parts == at_once && pick.tries == 100);
    }
  }
}

constexpr Case kCases[] = {
    {"hashcodes equal those of the reference implementations", HashcodesOfTheReferences},
    {"the hashcode of a surrogate pair is that of its code point",
     HashcodeOfASurrogatePairIsThatOfItsCodePoint},
    {"the hashcode of a lone surrogate is that of its unit", HashcodeOfALoneSurrogateIsItsUnit},
    {"the LCG agrees with its definition for a million seeds", LcgAgreesWithItsDefinition},
    {"the LCG leaves its fixed point", LcgLeavesItsFixedPoint},
    {"the LCG visits each value once in a period", LcgVisitsEachValueOnceInAPeriod},
    {"a set of ports never has port 0", PortBitsNeverHavePortZero},
    {"filling gives the ports of the reference implementations", FillGivesThePortsOfTheReferences},
    {"filling repeats after a period", FillRepeatsAfterAPeriod},
    {"filling skips any number of candidates", FillSkipsAnyNumber},
    {"filling from an empty set returns false", FillOfAnEmptySetIsFalse},
    {"a pick is the first free candidate", PickTakesTheFirstFreeCandidate},
    {"a pick tries prepended ports first", PickTriesPrependedPortsFirst},
    {"a pick asks each candidate once and gives up", PickAsksEachCandidateOnceAndGivesUp},
    {"a pick in several parts gives the same result", PickInPartsIsTheSamePick},
    {"a pick stops after the allowed tries", PickStopsAfterMaxTries},
    {"a pick stops at a failed probe", PickStopsAtAFailedProbe},
    {"a pick without candidates tries nothing", PickFromNothingTriesNothing},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const Case& one : kCases) std::puts(one.name);
    return 0;
  }
  const size_t index = std::strtoul(argv[1], nullptr, 10);
  if (index >= std::size(kCases)) return 2;
  kCases[index].run();
  return 0;
}
