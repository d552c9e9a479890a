#include "crypto/shares.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/digest.h"
#include "crypto/lines.h"
#include "crypto/primitives.h"

namespace fristad {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t set_size = 4;
constexpr std::size_t checksum_size = 4;
constexpr std::size_t group_digits = 8;
constexpr std::string_view start = "fristad-share-";
constexpr std::string_view version_start = "fristad-share-1-";
// "1-2-", the set, eight groups and the checksum, each with its dash but the last.
constexpr std::size_t share_size = version_start.size() + 4 + 10 * (group_digits + 1) - 1;
constexpr std::size_t typed_size_max = 256;

using Set = std::array<std::uint8_t, set_size>;

struct Share {
  int number = 0;
  int needed = 0;
  Set set{};
  Key value;
};

// In GF(2^8) with AES's polynomial, and in a time that doesn't depend on the factors: no tables, no branches.
std::uint8_t multiplied(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0;
  unsigned factor = a;
  const unsigned bits = b;
  for (unsigned bit = 0; bit < 8; ++bit) {
    product ^= factor & (0U - (bits >> bit & 1U));
    factor = factor << 1 ^ (0x11bU & (0U - (factor >> 7)));
  }
  return static_cast<std::uint8_t>(product);
}

// a^254, which is 1 / a.
std::uint8_t inverse(std::uint8_t a) {
  std::uint8_t power = a;
  for (int i = 0; i < 6; ++i) power = multiplied(multiplied(power, power), a);
  return multiplied(power, power);
}

// Which key was split, without saying anything of use about it: it is 256 random bits.
Set set_of(const Key& key, int needed) {
  start_sodium();
  std::array<std::uint8_t, key_size> hash{};
  const std::string purpose = "fristad shares 1 set " + std::to_string(needed);
  crypto_generichash(hash.data(), hash.size(), as_bytes(purpose).data(), purpose.size(), key.bytes().data(), key_size);
  Set set{};
  std::copy_n(hash.begin(), set.size(), set.begin());
  wipe(hash);
  return set;
}

std::string checksum(std::string_view text) {
  return to_hex(Bytes(sha256(as_bytes(text))).first(checksum_size));
}

std::string encode_share(const Share& share) {
  std::string text;
  // Growing would leave copies behind.
  text.reserve(share_size);
  text += version_start;
  text += static_cast<char>('0' + share.number);
  text += '-';
  text += static_cast<char>('0' + share.needed);
  text += '-';
  text += to_hex(share.set);
  for (std::size_t i = 0; i < key_size; i += group_digits / 2) {
    text += '-';
    // A group of eight digits fits into the text object itself: nothing is left on the heap.
    text += to_hex(share.value.bytes().subspan(i, group_digits / 2));
  }
  const std::string sum = checksum(text);
  text += '-';
  return text += sum;
}

Error mistyped(std::size_t place) {
  return {Code::damaged,
          "share " + std::to_string(place) + " of those given is mistyped; compare it with the original"};
}

Error wrong(const std::string& what) {
  return {Code::invalid_argument, what};
}

Result<Share> parse_share(std::string_view typed, std::size_t place) {
  if (typed.size() > typed_size_max) {
    return Error{Code::too_large, "share " + std::to_string(place) + " of those given is longer than any share"};
  }
  const std::size_t begin = typed.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return mistyped(place);
  typed = typed.substr(begin, typed.find_last_not_of(" \t\r\n") - begin + 1);
  std::string text(typed);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (text.starts_with(start) && text.size() > version_start.size() && !text.starts_with(version_start) &&
      text[start.size()] >= '2' && text[start.size()] <= '9' && text[start.size() + 1] == '-') {
    wipe(text);
    return Error{Code::unsupported,
                 "share " + std::to_string(place) + " of those given is of a newer version; use a newer program"};
  }
  Share share;
  std::string_view rest = text;
  bool good = text.size() == share_size && take(rest, version_start);
  if (good) {
    const std::string_view without = std::string_view(text).substr(0, share_size - 2 * checksum_size - 1);
    share.number = rest[0] - '0';
    share.needed = rest[2] - '0';
    good = checksum(without) == std::string_view(text).substr(share_size - 2 * checksum_size) && rest[1] == '-' &&
           rest[3] == '-' && from_hex(rest.substr(4, 2 * set_size), share.set) && share.number >= 1 &&
           share.number <= shares_max && share.needed >= 2 && share.needed <= shares_max;
    rest = rest.substr(4 + 2 * set_size);
    for (std::size_t i = 0; good && i < key_size; i += group_digits / 2) {
      good =
          take(rest, "-") && from_hex(rest.substr(0, group_digits), share.value.bytes().subspan(i, group_digits / 2));
      rest.remove_prefix(std::min(rest.size(), group_digits));
    }
    good = good && rest.starts_with('-');
  }
  wipe(text);
  if (!good) return mistyped(place);
  return share;
}

// The polynomial through the shares, at 0. Which numbers the shares have is no secret.
Key interpolated(std::span<const Share> shares) {
  Key key;
  for (const Share& share : shares) {
    std::uint8_t weight = 1;
    for (const Share& other : shares) {
      if (other.number == share.number) continue;
      const auto distance = static_cast<std::uint8_t>(share.number ^ other.number);
      weight = multiplied(weight, multiplied(static_cast<std::uint8_t>(other.number), inverse(distance)));
    }
    for (std::size_t i = 0; i < key_size; ++i) key.bytes()[i] ^= multiplied(weight, share.value.bytes()[i]);
  }
  return key;
}

}  // namespace

Result<std::vector<std::string>> split_key(const Key& key, SharePlan plan, const Random& random) {
  if (plan.needed < 2 || plan.needed > plan.total || plan.total > shares_max) {
    return wrong("a key is split into 2 to 8 shares, of which at least 2 are needed");
  }
  // The key is the polynomials' value at 0; all else of them is random.
  std::vector<Key> coefficients;
  coefficients.push_back(key.copy());
  for (int i = 1; i < plan.needed; ++i) coefficients.push_back(TRY(Key::generate(random)));
  const Set set = set_of(key, plan.needed);
  std::vector<std::string> shares;
  for (int number = 1; number <= plan.total; ++number) {
    Share share{number, plan.needed, set, Key()};
    for (std::size_t i = 0; i < key_size; ++i) {
      std::uint8_t value = 0;
      for (std::size_t k = coefficients.size(); k-- > 0;) {
        value = multiplied(value, static_cast<std::uint8_t>(number)) ^ coefficients[k].bytes()[i];
      }
      share.value.bytes()[i] = value;
    }
    shares.push_back(encode_share(share));
  }
  return shares;
}

Result<Key> join_shares(std::span<const std::string> shares) {
  if (shares.size() > shares_max) return Error{Code::too_large, "a key has at most 8 shares"};
  std::vector<Share> parsed;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    Share share = TRY(parse_share(shares[i], i + 1));
    for (std::size_t j = 0; j < parsed.size(); ++j) {
      if (parsed[j].set != share.set || parsed[j].needed != share.needed) {
        return wrong("shares " + std::to_string(j + 1) + " and " + std::to_string(i + 1) +
                     " of those given belong to different keys");
      }
      if (parsed[j].number == share.number) {
        return wrong("shares " + std::to_string(j + 1) + " and " + std::to_string(i + 1) +
                     " of those given are the same one; each person gives another");
      }
    }
    parsed.push_back(std::move(share));
  }
  const auto needed = parsed.empty() ? std::size_t{2} : static_cast<std::size_t>(parsed.front().needed);
  if (parsed.size() < needed) {
    return wrong("only " + std::to_string(parsed.size()) + " shares are given, " + std::to_string(needed) +
                 " are needed");
  }
  // Through `needed` points there is one polynomial, so every further share has to lie on it: any others of them give
  // the same key.
  Key key = interpolated(std::span(parsed).first(needed));
  for (std::size_t extra = needed; extra <= parsed.size(); ++extra) {
    if (extra > needed) {
      std::swap(parsed[needed - 1], parsed[extra - 1]);
      if (interpolated(std::span(parsed).first(needed)) == key) continue;
    } else if (set_of(key, static_cast<int>(needed)) == parsed.front().set) {
      continue;
    }
    return wrong("the shares don't fit each other: one of them is forged; try others");
  }
  return key;
}

}  // namespace fristad
