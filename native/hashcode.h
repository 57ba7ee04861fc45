// The port4me hashcode of a string: Java's String.hashCode() over Unicode code points, unsigned.

#ifndef PORT4ME_HASHCODE_H_
#define PORT4ME_HASHCODE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace port4me {

// Takes UTF-16, as JavaScript strings are. A surrogate pair is one code point, and a lone surrogate
// counts as itself, as with `for (const c of text)` in the TypeScript engine.
constexpr uint32_t Hashcode(std::u16string_view text) {
  uint32_t hash = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t point = text[i];
    if (point >= 0xD800 && point <= 0xDBFF && i + 1 < text.size()) {
      const uint32_t low = text[i + 1];
      if (low >= 0xDC00 && low <= 0xDFFF) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        ++i;
      }
    }
    hash = 31 * hash + point;  // modulo 2^32: unsigned arithmetic wraps
  }
  return hash;
}

}  // namespace port4me

#endif  // PORT4ME_HASHCODE_H_
