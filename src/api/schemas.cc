#include "api/schemas.h"

#include <array>
#include <cassert>

#include "base/json_writer.h"

namespace fristad {
namespace {

constexpr std::array all{
    Shape{"Empty", ""},
    Shape{"Problem", "type:text title:text status:int code:text detail:text"},
    // ---- Matching ----
    Shape{"MatchQuery", "pdq?:text md5?:text sha1?:text sha256?:text limit?:int"},
    Shape{"MatchAnswer", "match:flag matches:Match[]"},
    Shape{"Match",
          "list:id level:one(observe|lead|enforce) handle?:id entry?:int distance?:int orientation?:text "
          "reasons?:text[]"},
    Shape{"MatchBatchQuery", "pdq:text[] limit?:int"},
    Shape{"MatchBatchAnswer", "asked:int found:FoundAt[] refused:int[]"},
    Shape{"FoundAt", "index:int matches:Match[]"},
    Shape{"ImageAnswer",
          "match:flag bytes:int format:text width:int height:int pdq_quality:int pdq:text md5:text sha1:text "
          "sha256:text matches:Match[]"},
    Shape{"HandleQuery", "handle:text token?:text user?:text"},
    Shape{"EntryName", "list:id entry:int"},
    // ---- Lists and entries ----
    Shape{"Lists", "lists:List[]"},
    Shape{"List",
          "list:id title:text purpose:one(match|allow) handling:text limit:int state:one(enabled|disabled|withdrawn) "
          "own:flag revision:int entries:int withdrawn:int"},
    Shape{"ListHistory", "revisions:ListRevision[]"},
    Shape{"ListRevision",
          "revision:int at_ms:time title:text purpose:one(match|allow) handling:text limit:int "
          "state:one(enabled|disabled|withdrawn)"},
    Shape{"ListDraft",
          "title?:text purpose?:one(match|allow) handling?:text limit?:int state?:one(enabled|disabled|withdrawn)"},
    Shape{"ExportDraft", "format?:one(csv|jsonl) reason:text"},
    Shape{"ErasureDraft", "entry:int ground:text"},
    Shape{"Entries", "entries:Entry[] next:text/null"},
    Shape{"Entry",
          "entry:int classification:one(baseline|national|not-illegal|unclassified) hashes:text[] id:text note:text "
          "raw?:text scheme?:text withdrawn:flag reason?:text paused_until_ms?:int"},
    Shape{"EntrySearch",
          "classification?:one(baseline|national|not-illegal|unclassified) withdrawn?:flag id?:text text?:text "
          "count?:int cursor?:text"},
    Shape{"EntriesDraft", "entries:EntryDraft[]"},
    Shape{"EntryDraft",
          "pdq?:text md5?:text sha1?:text sha256?:text id?:text note?:text raw?:text scheme?:text context?:text "
          "classification?:one(baseline|national|not-illegal|unclassified)"},
    Shape{"EntryNumbers", "list:id entries:int[]"},
    Shape{"WithdrawalDraft", "entries:text reason:text"},
    Shape{"RecallQuery", "entries:text"},
    Shape{"Recalls", "list:id recalls:Recall[]"},
    Shape{"Recall", "reference:text entry:int at_ms:time level:text"},
    Shape{"OpinionDraft", "verdict:one(confirm|dispute) basis:one(examined|relayed) reason?:text"},
    Shape{"Explanation",
          "list:id entry:int level:one(none|observe|lead|enforce) rule:int reasons:Reason[] confirmed_by:int "
          "disputed_by:int opinions:Opinion[] as_of:LogSize[]"},
    Shape{"Reason", "name:text holds_when:text"},
    Shape{"Opinion",
          "member:text verdict:one(confirm|dispute) basis:one(examined|relayed) reason:text at_ms:time "
          "cosigned:flag"},
    Shape{"LogSize", "log:text size:int"},
    Shape{"EntryHistory", "events:EntryEvent[]"},
    Shape{"EntryEvent",
          "at_ms:time what:one(added|noted|paused|withdrawn|confirmed|disputed) member?:text "
          "basis?:one(examined|relayed) reason?:text"},
    // ---- The alliance ----
    Shape{"Alliance",
          "member:text words:text standing:one(none|invited|founding|active|suspended|expelled|left) id?:text "
          "alliance_words?:text name?:text charter?:text voting?:text[] epoch?:int jurisdictions?:int quorum?:int "
          "missing:text[] may_vote:flag split:flag muted:int waiting:int waiting_for_us:int held:flag "
          "new_keys_room?:int clock_offset_ms:int"},
    Shape{"AllianceMembers", "members:AllianceMember[]"},
    Shape{"AllianceMember",
          "member:text name:text kind:one(state|union|body) jurisdiction:text "
          "standing:one(founding|active|suspended|expelled|left) own:flag muted:flag votes:flag founded:flag "
          "contact_ms:time heard_ms:time log_size:int read_to:int cosigned:int cosigned_ms:time cosigners:int "
          "witnesses:int lists:int subscribed:int evidence:int trouble?:text trouble_ms?:time waiting:text[]"},
    Shape{"AllianceMemberMore",
          "of:AllianceMember words:text address:text remit:text[] since_epoch:int keys:MemberKey[] card:text "
          "counts:MemberCounts[] stated:StatedCounts[]"},
    Shape{"MemberKey", "purpose:one(log|record|tls|witness) key:text valid_from:int issued_ms:time"},
    Shape{"MemberCounts", "classification:text added:int withdrawn:int disputed:int overturned:int hits:int"},
    Shape{"StatedCounts",
          "by:text at_ms:time classification:text added:int withdrawn:int disputed:int overturned:int hits:int"},
    Shape{"MuteDraft", "reason:text"},
    Shape{"Muted", "member:text muted:flag"},
    Shape{"AllianceChanges", "round:int quorum:int jurisdictions:int changes:AllianceChange[]"},
    Shape{"AllianceChange",
          "change:text what:one(admit|suspend|lift|expel|remove|charter|card) member:text name?:text "
          "kind?:one(state|union|body) jurisdiction?:text address?:text words?:text invited_by?:text grounds?:text "
          "text?:text round:int voters:text[] dead:flag never_wins:text we_voted:flag we_could:flag"},
    Shape{"VoteDraft",
          "what:one(admit|suspend|lift|expel|remove|charter|card|open) member?:text letter?:text text?:text "
          "grounds?:text change?:text reason:text"},
    Shape{"CardDraft", "name:text kind:one(state|union|body) jurisdiction?:text address:text remit?:text[]"},
    Shape{"CardText", "card:text words:text"},
    Shape{"InvitationDraft", "member:text kind:one(state|union|body) jurisdiction?:text days:int"},
    Shape{"InvitationText", "member:text expires_ms:time letter:text words:text"},
    Shape{"LetterDraft", "letter:text"},
    Shape{"CardRead", "member:text name:text kind:one(state|union|body) jurisdiction:text address:text words:text"},
    Shape{"InvitationRead",
          "member:text kind:one(state|union|body) jurisdiction:text expires_ms:time for_us:flag over:flag "
          "alliance:text alliance_words:text charter:text inviter:CardRead founders:CardRead[]"},
    Shape{"AcceptanceDraft", "letter:text name:text address:text remit?:text[]"},
    Shape{"AcceptanceText", "answer:text words:text"},
    Shape{"AcceptanceRead",
          "what:one(admit) member:text name:text kind:one(state|union|body) jurisdiction:text address:text words:text "
          "invited_by:text charter_is_ours:flag never_wins:text"},
    Shape{"AllianceLists", "lists:AllianceList[]"},
    Shape{"AllianceList",
          "list:id title:text member:text own:flag purpose:one(match|allow) state:one(enabled|disabled|withdrawn) "
          "handling:text entries:int withdrawn:int readers:text[] subscription?:Subscription"},
    Shape{"Subscription", "subscribed:flag enforce:flag national:flag heed_disputes:flag enforced_per_day:int"},
    Shape{"SubscriptionDraft",
          "subscribed:flag enforce?:flag national?:flag heed_disputes?:flag enforced_per_day?:int"},
    Shape{"ReadersDraft", "readers:text[]"},
    Shape{"FollowedErasures", "erasures:FollowedErasure[]"},
    Shape{"FollowedErasure", "position:int at_ms:time scope:text confirmed:text[] open:text[]"},
    // ---- Approvals and the audit trail ----
    Shape{"Approvals", "approvals:Approval[] next:text/null"},
    Shape{"Approval",
          "approval:id action:text subject:text subject_name?:text reason:text "
          "state:one(asked|approved|refused|lapsed|done) "
          "asked_by:text asked_ms:time lapses_ms:time answered_with:text answered_by?:text answered_ms?:time "
          "answer_reason?:text arguments:object"},
    Shape{"ApprovalAnswer", "approve:flag reason?:text"},
    Shape{"Audit", "acts:Act[] next:text/null"},
    Shape{"Act",
          "position:int record:id at_ms:time actor:text log:one(shared|private) kinds:KindCount[] first?:int "
          "last?:int"},
    Shape{"KindCount", "kind:text count:int"},
    Shape{"RecordProof", "log:one(shared|private) position:int origin:text proof:text leaf:text key:text"},
    Shape{"AuditSearch", "actor?:text kind?:text from_ms?:time until_ms?:time cursor?:text count?:int"},
    // ---- People ----
    Shape{"Users", "users:User[]"},
    Shape{"User",
          "user:id name:text display:text roles:text[] state:one(active|disabled) revision:int has_password:flag "
          "has_totp:flag security_keys:int last_sign_in_ms:time"},
    Shape{"UserDraft", "name:text display?:text"},
    Shape{"UserChange", "display?:text state?:one(active|disabled)"},
    Shape{"RolesDraft", "roles:text[] reason:text"},
    Shape{"ResetDraft", "reason:text"},
    Shape{"FirstPassword", "user:id password:text"},
    Shape{"Tokens", "tokens:Token[]"},
    Shape{"Token",
          "token:text name:text scopes:text[] ends_ms:time hashes_per_minute:int hashes_per_day:int made_ms:time "
          "used_ms:time revoked:flag revoked_why?:text"},
    Shape{"TokenDraft", "name:text scopes:text[] days:int hashes_per_minute?:int hashes_per_day?:int"},
    Shape{"NewToken",
          "token:text name:text scopes:text[] ends_ms:time hashes_per_minute:int hashes_per_day:int secret:text"},
    Shape{"RevokeDraft", "reason:text"},
    Shape{"Credentials", "name:text password:text"},
    Shape{"SignIn",
          "step:one(done|totp|security_key|enrol) csrf:text ends_ms:time totp_too?:flag challenge?:text "
          "credentials?:text[]"},
    Shape{"TotpCode", "code:text"},
    Shape{"KeyAssertion", "credential:text client_data_json:text authenticator_data:text signature:text"},
    Shape{"KeyRegistration", "client_data_json:text authenticator_data:text label?:text"},
    Shape{"KeyChallenge", "challenge:text user_id:text user_name:text rp_id:text exclude:text[]"},
    Shape{"KeyRemoval", "security_key:text password:text"},
    Shape{"SecurityKeys", "security_keys:SecurityKey[]"},
    Shape{"SecurityKey", "security_key:text label:text added_ms:time used_ms:time"},
    Shape{"PasswordAgain", "password:text"},
    Shape{"PasswordChange", "before:text password:text"},
    Shape{"TotpSecret", "secret:text uri:text"},
    Shape{"Me",
          "actor:text kind:one(user|token) enrolling:flag rights:text[] user?:id name?:text display?:text "
          "roles?:text[] has_totp?:flag security_keys?:int needs_security_key?:flag csrf?:text"},
    Shape{"Sessions", "sessions:Session[]"},
    Shape{"Session", "session:text device:text since_ms:time seen_ms:time current:flag"},
    // ---- The node ----
    Shape{"Node",
          "member:text version:text started_ms:time now_ms:time logs:Log[] entries:int index_bytes:int "
          "index_behind:flag servers:Server[]"},
    Shape{"Log", "origin:text size:int root:text"},
    Shape{"Server", "name:text connections:int event_streams:int running:int waiting:int"},
    Shape{"OpenApi", "openapi:text info:object servers:object[] paths:object components:object"},
    Shape{"Live", "live:flag"},
    Shape{"Ready", "ready:flag"},
};

void write_type(JsonWriter& json, std::string_view type) {
  if (type.ends_with("[]")) {
    json.begin_object().member("type", "array").key("items");
    write_type(json, type.substr(0, type.size() - 2));
    json.end_object();
    return;
  }
  if (type.ends_with("/null")) {
    json.begin_object().key("type").begin_array().value("string").value("null").end_array().end_object();
    return;
  }
  json.begin_object();
  if (type == "text") {
    json.member("type", "string");
  } else if (type == "int") {
    json.member("type", "integer");
  } else if (type == "time") {
    json.member("type", "integer").member("description", "milliseconds since 1970-01-01 UTC");
  } else if (type == "flag") {
    json.member("type", "boolean");
  } else if (type == "object") {
    json.member("type", "object");
  } else if (type == "id") {
    json.member("type", "string").member("pattern", "^[0-9a-f]{32}$");
  } else if (type.starts_with("one(")) {
    json.member("type", "string").key("enum").begin_array();
    for (std::string_view words = type.substr(4, type.size() - 5); !words.empty();) {
      const std::string_view word = words.substr(0, words.find('|'));
      json.value(word);
      words.remove_prefix(std::min(word.size() + 1, words.size()));
    }
    json.end_array();
  } else {
    assert(type.front() >= 'A' && type.front() <= 'Z');
    json.member("$ref", "#/components/schemas/" + std::string(type));
  }
  json.end_object();
}

}  // namespace

std::span<const Shape> shapes() {
  return all;
}

std::string schema_of(const Shape& shape) {
  std::string text;
  std::string required;
  JsonWriter json(text);
  JsonWriter names(required);
  names.begin_array();
  json.begin_object().member("type", "object").key("properties").begin_object();
  for (std::string_view members = shape.members; !members.empty();) {
    const std::string_view member = members.substr(0, members.find(' '));
    members.remove_prefix(std::min(member.size() + 1, members.size()));
    const std::size_t colon = member.find(':');
    assert(colon != std::string_view::npos);
    std::string_view name = member.substr(0, colon);
    if (name.ends_with('?')) {
      name.remove_suffix(1);
    } else {
      names.value(name);
    }
    json.key(name);
    write_type(json, member.substr(colon + 1));
  }
  names.end_array();
  json.end_object().member("additionalProperties", false).end_object();
  text.pop_back();
  return text + ",\"required\":" + required + "}";
}

}  // namespace fristad
