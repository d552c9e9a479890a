#include "record/leaf.h"

#include <algorithm>

#include "crypto/merkle.h"

namespace fristad {
namespace {

constexpr std::string_view leaf_type = "application/vnd.fristad.leaf.v1";
constexpr std::string_view record_tag = "fristad/record/1\n";
constexpr std::string_view chunk_tag = "fristad/chunk/1\n";
constexpr std::string_view salt_tag = "fristad/salt/1\n";
constexpr std::string_view author_tag_prefix = "fristad/author/1\n";
constexpr std::size_t signed_size = leaf_size - std::tuple_size_v<Signature>;

std::array<std::uint8_t, 4> big_endian(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

// What is signed: the origin, a line end (which no origin holds), and the leaf up to its signature.
std::string signed_text(const Leaf& leaf, std::string_view origin) {
  const LeafBytes bytes = encode_leaf(leaf);
  std::string body(origin);
  body += '\n';
  body += as_text(Bytes(bytes).first(signed_size));
  return pae(leaf_type, as_bytes(body));
}

}  // namespace

AuthorTag author_tag(std::string_view member) {
  const Digest digest = sha256({as_bytes(author_tag_prefix), as_bytes(member)});
  AuthorTag tag;
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

AuthorTag author_tag(const RecordId& id) {
  AuthorTag tag;
  std::copy(id.end() - tag.size(), id.end(), tag.begin());
  return tag;
}

LeafBytes encode_leaf(const Leaf& leaf) {
  LeafBytes bytes;
  auto at = bytes.begin();
  *at++ = leaf_version;
  at = std::ranges::copy(leaf.record, at).out;
  at = std::ranges::copy(big_endian(leaf.revision), at).out;
  at = std::ranges::copy(leaf.previous, at).out;
  at = std::ranges::copy(leaf.commitment, at).out;
  std::ranges::copy(leaf.signature, at);
  return bytes;
}

Result<Leaf> decode_leaf(Bytes bytes) {
  if (bytes.size() != leaf_size) {
    return Error{Code::damaged,
                 "a leaf has " + std::to_string(leaf_size) + " bytes, not " + std::to_string(bytes.size())};
  }
  if (bytes[0] != leaf_version) {
    return Error{Code::unsupported, "a leaf of version " + std::to_string(bytes[0]) + "; this program reads version " +
                                        std::to_string(leaf_version)};
  }
  Leaf leaf;
  auto rest = bytes.subspan(1);
  const auto take = [&](auto& field) {
    std::ranges::copy(rest.first(field.size()), field.begin());
    rest = rest.subspan(field.size());
  };
  std::array<std::uint8_t, 4> revision{};
  take(leaf.record);
  take(revision);
  take(leaf.previous);
  take(leaf.commitment);
  take(leaf.signature);
  for (const std::uint8_t byte : revision) leaf.revision = leaf.revision << 8 | byte;
  return leaf;
}

Signature sign_leaf(const Leaf& leaf, std::string_view origin, const SigningKey& key) {
  return key.sign(as_bytes(signed_text(leaf, origin)));
}

bool verify_leaf(const Leaf& leaf, std::string_view origin, const PublicKey& key) {
  return verify(key, as_bytes(signed_text(leaf, origin)), leaf.signature);
}

Salt item_salt(const Salt& salt, std::uint32_t index) {
  return sha256({as_bytes(salt_tag), salt, big_endian(index)});
}

Digest item_leaf(std::string_view text, const Salt& salt) {
  constexpr std::array<std::uint8_t, 1> leaf_prefix{0};  // RFC 6962, section 2.1
  return sha256({leaf_prefix, salt, as_bytes(text)});
}

Digest commit(const Content& content, const Salt& salt) {
  if (content.items.empty()) return sha256({as_bytes(record_tag), salt, as_bytes(content.payload)});
  MerkleFrontier tree;
  tree.append(item_leaf(content.payload, item_salt(salt, 0)));
  std::uint32_t index = 0;
  for (const std::string& item : content.items) tree.append(item_leaf(item, item_salt(salt, ++index)));
  return sha256({as_bytes(chunk_tag), tree.root()});
}

Digest commit_chunk(std::span<const OpenItem> payload_and_items) {
  MerkleFrontier tree;
  for (const OpenItem& item : payload_and_items) {
    tree.append(item.text.empty() ? item.leaf_if_erased : item_leaf(item.text, item.salt));
  }
  return sha256({as_bytes(chunk_tag), tree.root()});
}

}  // namespace fristad
