// Any bytes as a question or an answer between nodes, or as a receipt: no crash, and what is taken is what would be
// written.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "federation/message.h"

namespace {

using namespace fristad;

void require(bool truth) {
  if (!truth) std::abort();
}

template <class Message>
void read_message(std::string_view body) {
  if (const auto message = Message::decode(body)) require(message->encode() == body);
}

// The reader whose receipts these are: RFC 8032, section 7.1, test 1.
constexpr PublicKey reader_key{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                               0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                               0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
constexpr std::array<std::uint8_t, 32> reader_seed{0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                                   0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                                   0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

const SigningKey& reader() {
  static const SigningKey key = [] {
    Key seed;
    std::ranges::copy(reader_seed, seed.bytes().begin());
    return SigningKey::from_seed(seed);
  }();
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_message<HeadRequest>(text);
  read_message<HeadAnswer>(text);
  read_message<LeavesRequest>(text);
  read_message<ScopesAnswer>(text);
  read_message<ParcelsRequest>(text);
  if (const auto leaves = decode_leaves(text)) require(encode_leaves(*leaves) == text);
  if (const auto parcels = decode_parcels(text)) require(encode_parcels(*parcels) == text);
  const Signer sign = [](Bytes message) { return reader().sign(message); };
  if (const auto receipt = Receipt::read(text, reader_key)) require(receipt->sign(reader_key, sign) == text);
  // What isn't signed is refused before its content is looked at: so the same once more, signed.
  const auto body = parse_canonical(text, {.bytes_max = 65'536});
  if (!body) return 0;
  constexpr std::string_view type = "application/vnd.fristad.receipt.v1+json";
  const std::string letter = letter_text(type, signed_letter(type, *body, reader_key, sign));
  if (const auto receipt = Receipt::read(letter, reader_key)) require(receipt->sign(reader_key, sign) == letter);
  return 0;
}
