#include "api/webauthn_json.h"

#include "base/try.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

constexpr std::size_t field_bytes_max = 16 * 1024;

Result<std::vector<std::uint8_t>> bytes_in(Fields& in, std::string_view name) {
  auto bytes = from_base64url(TRY(in.text(name, field_bytes_max)));
  if (!bytes) return Error{Code::invalid_argument, "\"" + std::string(name) + "\" is base64url without padding"};
  return bytes;
}

}  // namespace

Result<WebauthnRegistration> read_registration(Fields& in) {
  WebauthnRegistration answer;
  answer.client_data_json = TRY(bytes_in(in, "client_data_json"));
  answer.authenticator_data = TRY(bytes_in(in, "authenticator_data"));
  return answer;
}

Result<WebauthnAssertion> read_assertion(Fields& in) {
  WebauthnAssertion answer;
  answer.credential_id = TRY(bytes_in(in, "credential"));
  answer.client_data_json = TRY(bytes_in(in, "client_data_json"));
  answer.authenticator_data = TRY(bytes_in(in, "authenticator_data"));
  answer.signature = TRY(bytes_in(in, "signature"));
  return answer;
}

}  // namespace fristad
