// What the API gives and takes: the shapes of docs/reference/api.md and of /api/v1/openapi.json, by the same names.
// Times are milliseconds since 1970 (UTC); ids are 32 hex digits.

export * from './alliance_types';

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
}

// ---- Matching ----

export interface MatchQuery {
  pdq?: string;
  md5?: string;
  sha1?: string;
  sha256?: string;
  limit?: number;
}

export interface MatchAnswer {
  match: boolean;
  matches: Match[];
}

export interface Match {
  list: string;
  level: 'observe' | 'lead' | 'enforce';
  handle?: string;
  entry?: number;
  distance?: number;
  orientation?: string;
  reasons?: string[];
}

export interface MatchBatchQuery {
  pdq: string[];
  limit?: number;
}

export interface MatchBatchAnswer {
  asked: number;
  found: FoundAt[];
  refused: number[];
}

export interface FoundAt {
  index: number;
  matches: Match[];
}

export interface ImageAnswer {
  match: boolean;
  bytes: number;
  format: string;
  width: number;
  height: number;
  pdq_quality: number;
  pdq: string;
  md5: string;
  sha1: string;
  sha256: string;
  matches: Match[];
}

export interface HandleQuery {
  handle: string;
  token?: string;
  user?: string;
}

export interface EntryName {
  list: string;
  entry: number;
}

// ---- Lists and entries ----

export interface Lists {
  lists: List[];
}

export interface List {
  list: string;
  title: string;
  purpose: 'match' | 'allow';
  handling: string;
  limit: number;
  state: 'enabled' | 'disabled' | 'withdrawn';
  own: boolean;
  revision: number;
  entries: number;
  withdrawn: number;
}

export interface ListDraft {
  title?: string;
  purpose?: 'match' | 'allow';
  handling?: string;
  limit?: number;
  state?: 'enabled' | 'disabled' | 'withdrawn';
}

export interface ListHistory {
  revisions: ListRevision[];
}

export interface ListRevision {
  revision: number;
  at_ms: number;
  title: string;
  purpose: 'match' | 'allow';
  handling: string;
  limit: number;
  state: 'enabled' | 'disabled' | 'withdrawn';
}

export interface ExportDraft {
  format?: 'csv' | 'jsonl';
  reason: string;
}

export interface ErasureDraft {
  entry: number;
  ground: string;
}

export interface Entries {
  entries: Entry[];
  next: string | null;
}

export interface Entry {
  entry: number;
  classification: 'baseline' | 'national' | 'not-illegal' | 'unclassified';
  hashes: string[];
  id: string;
  note: string;
  raw?: string;
  scheme?: string;
  withdrawn: boolean;
  reason?: string;
  paused_until_ms?: number;
}

export interface EntryHistory {
  events: EntryEvent[];
}

export interface EntryEvent {
  at_ms: number;
  what: 'added' | 'noted' | 'paused' | 'withdrawn' | 'confirmed' | 'disputed';
  member?: string;
  basis?: 'examined' | 'relayed';
  reason?: string;
}

export interface EntrySearch {
  classification?: 'baseline' | 'national' | 'not-illegal' | 'unclassified';
  withdrawn?: boolean;
  id?: string;
  text?: string;
  count?: number;
  cursor?: string;
}

export interface EntriesDraft {
  entries: EntryDraft[];
}

export interface EntryDraft {
  pdq?: string;
  md5?: string;
  sha1?: string;
  sha256?: string;
  id?: string;
  note?: string;
  raw?: string;
  scheme?: string;
  context?: string;
  classification?: 'baseline' | 'national' | 'not-illegal' | 'unclassified';
}

export interface EntryNumbers {
  list: string;
  entries: number[];
}

export interface WithdrawalDraft {
  entries: string;
  reason: string;
}

export interface RecallQuery {
  entries: string;
}

export interface Recalls {
  list: string;
  recalls: Recall[];
}

export interface Recall {
  reference: string;
  entry: number;
  at_ms: number;
  level: string;
}

export interface OpinionDraft {
  verdict: 'confirm' | 'dispute';
  basis: 'examined' | 'relayed';
  reason?: string;
}

export interface Explanation {
  list: string;
  entry: number;
  level: 'none' | 'observe' | 'lead' | 'enforce';
  rule: number;
  reasons: Reason[];
  confirmed_by: number;
  disputed_by: number;
  opinions: Opinion[];
  as_of: LogSize[];
}

export interface Reason {
  name: string;
  holds_when: string;
}

export interface Opinion {
  member: string;
  verdict: 'confirm' | 'dispute';
  basis: 'examined' | 'relayed';
  reason: string;
  at_ms: number;
}

export interface LogSize {
  log: string;
  size: number;
}

// ---- Approvals and the audit trail ----

export interface Approvals {
  approvals: Approval[];
  next: string | null;
}

export interface Approval {
  approval: string;
  action: string;
  subject: string;
  subject_name?: string;
  reason: string;
  state: 'asked' | 'approved' | 'refused' | 'lapsed' | 'done';
  asked_by: string;
  asked_ms: number;
  lapses_ms: number;
  answered_with: string;
  answered_by?: string;
  answered_ms?: number;
  answer_reason?: string;
  arguments: Record<string, unknown>;
}

export interface ApprovalAnswer {
  approve: boolean;
  reason?: string;
}

export interface Audit {
  acts: Act[];
  next: string | null;
}

export interface Act {
  position: number;
  record: string;
  at_ms: number;
  actor: string;
  log: 'shared' | 'private';
  kinds: KindCount[];
  first?: number;
  last?: number;
}

export interface KindCount {
  kind: string;
  count: number;
}

export interface AuditSearch {
  actor?: string;
  kind?: string;
  from_ms?: number;
  until_ms?: number;
  cursor?: string;
  count?: number;
}

// A record of a log, and the proof that it is there, for whoever has the log's key.
export interface Proof {
  log: 'shared' | 'private';
  position: number;
  origin: string;
  proof: string; // the text of a .tlog-proof file
  leaf: string; // base64
  key: string;
}

// ---- People ----

export interface Users {
  users: User[];
}

export interface User {
  user: string;
  name: string;
  display: string;
  roles: string[];
  state: 'active' | 'disabled';
  revision: number;
  has_password: boolean;
  has_totp: boolean;
  security_keys: number;
  last_sign_in_ms: number;
}

export interface UserDraft {
  name: string;
  display?: string;
}

export interface UserChange {
  display?: string;
  state?: 'active' | 'disabled';
}

export interface RolesDraft {
  roles: string[];
  reason: string;
}

export interface ResetDraft {
  reason: string;
}

export interface FirstPassword {
  user: string;
  password: string;
}

export interface Tokens {
  tokens: Token[];
}

export interface Token {
  token: string;
  name: string;
  scopes: string[];
  ends_ms: number;
  hashes_per_minute: number;
  hashes_per_day: number;
  made_ms: number;
  used_ms: number;
  revoked: boolean;
  revoked_why?: string;
}

export interface TokenDraft {
  name: string;
  scopes: string[];
  days: number;
  hashes_per_minute?: number;
  hashes_per_day?: number;
}

export interface NewToken {
  token: string;
  name: string;
  scopes: string[];
  ends_ms: number;
  hashes_per_minute: number;
  hashes_per_day: number;
  secret: string;
}

export interface RevokeDraft {
  reason: string;
}

export interface Credentials {
  name: string;
  password: string;
}

export interface SignIn {
  step: 'done' | 'totp' | 'security_key' | 'enrol';
  csrf: string;
  ends_ms: number;
  totp_too?: boolean;
  challenge?: string;
  credentials?: string[];
}

export interface TotpCode {
  code: string;
}

export interface KeyAssertion {
  credential: string;
  client_data_json: string;
  authenticator_data: string;
  signature: string;
}

export interface KeyRegistration {
  client_data_json: string;
  authenticator_data: string;
  label?: string;
}

export interface KeyChallenge {
  challenge: string;
  user_id: string;
  user_name: string;
  rp_id: string;
  exclude: string[];
}

export interface KeyRemoval {
  security_key: string;
  password: string;
}

export interface SecurityKeys {
  security_keys: SecurityKey[];
}

export interface SecurityKey {
  security_key: string;
  label: string;
  added_ms: number;
  used_ms: number;
}

export interface PasswordAgain {
  password: string;
}

export interface PasswordChange {
  before: string;
  password: string;
}

export interface TotpSecret {
  secret: string;
  uri: string;
}

export interface Me {
  actor: string;
  kind: 'user' | 'token';
  enrolling: boolean;
  rights: string[];
  user?: string;
  name?: string;
  display?: string;
  roles?: string[];
  has_totp?: boolean;
  security_keys?: number;
  needs_security_key?: boolean;
  csrf?: string;
}

export interface Sessions {
  sessions: Session[];
}

export interface Session {
  session: string;
  device: string;
  since_ms: number;
  seen_ms: number;
  current: boolean;
}

// ---- The node ----

export interface Node {
  member: string;
  version: string;
  started_ms: number;
  now_ms: number;
  logs: Log[];
  entries: number;
  index_bytes: number;
  index_behind: boolean;
  servers: Server[];
}

export interface Log {
  origin: string;
  size: number;
  root: string;
}

export interface Server {
  name: string;
  connections: number;
  event_streams: number;
  running: number;
  waiting: number;
}

export interface Live {
  live: boolean;
}

export interface Ready {
  ready: boolean;
}
