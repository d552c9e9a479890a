// What the API says of the alliance: a part of lib/types.ts, which gives it on.

export type MemberKind = 'state' | 'union' | 'body';
export type Standing = 'founding' | 'active' | 'suspended' | 'expelled' | 'left';
export type ChangeWord = 'admit' | 'suspend' | 'lift' | 'expel' | 'remove' | 'charter' | 'card';

export interface Alliance {
  member: string;
  words: string;
  standing: Standing | 'none' | 'invited';
  id?: string;
  alliance_words?: string;
  name?: string;
  charter?: string;
  voting?: MemberKind[];
  epoch?: number;
  jurisdictions?: number;
  quorum?: number;
  missing: string[];
  may_vote: boolean;
  split: boolean;
  muted: number;
  waiting: number;
  waiting_for_us: number;
  held: boolean; // nothing is recorded that others could read
  new_keys_room?: number; // records that may be written until others agree to our new keys, if such wait
  clock_offset_ms: number; // by how much most others' clocks are ahead of ours
}

export interface AllianceMembers {
  members: AllianceMember[];
}

export interface AllianceMember {
  member: string;
  name: string;
  kind: MemberKind;
  jurisdiction: string;
  standing: Standing;
  own: boolean;
  muted: boolean;
  votes: boolean;
  founded: boolean;
  contact_ms: number;
  heard_ms: number;
  log_size: number;
  read_to: number;
  cosigned: number;
  cosigned_ms: number;
  cosigners: number;
  witnesses: number;
  lists: number;
  subscribed: number;
  evidence: number;
  trouble?: string;
  trouble_ms?: number;
  waiting: ChangeWord[];
}

export interface AllianceMemberMore {
  of: AllianceMember;
  words: string;
  address: string;
  remit: string[];
  since_epoch: number;
  keys: MemberKey[];
  card: string;
  counts: MemberCounts[];
  stated: StatedCounts[];
}

export interface MemberKey {
  purpose: 'log' | 'record' | 'tls' | 'witness';
  key: string;
  valid_from: number;
  issued_ms: number;
}

export interface MemberCounts {
  classification: string;
  added: number;
  withdrawn: number;
  disputed: number;
  overturned: number;
  hits: number;
}

// What another member has said of them in public.
export interface StatedCounts extends MemberCounts {
  by: string;
  at_ms: number;
}

export interface AllianceChanges {
  round: number;
  quorum: number;
  jurisdictions: number;
  changes: AllianceChange[];
}

export interface AllianceChange {
  change: string;
  what: ChangeWord;
  member: string;
  name?: string;
  kind?: MemberKind;
  jurisdiction?: string;
  address?: string;
  words?: string;
  invited_by?: string;
  grounds?: string;
  text?: string;
  round: number;
  voters: string[];
  dead: boolean;
  never_wins: string;
  we_voted: boolean;
  we_could: boolean;
}

export interface InvitationText {
  member: string;
  expires_ms: number;
  letter: string;
  words: string;
}

export interface CardRead {
  member: string;
  name: string;
  kind: MemberKind;
  jurisdiction: string;
  address: string;
  words: string;
}

export interface InvitationRead {
  member: string;
  kind: MemberKind;
  jurisdiction: string;
  expires_ms: number;
  for_us: boolean;
  over: boolean;
  alliance: string;
  alliance_words: string;
  charter: string;
  inviter: CardRead;
  founders: CardRead[];
}

export interface AcceptanceText {
  answer: string;
  words: string;
}

export interface AcceptanceRead extends CardRead {
  what: 'admit';
  invited_by: string;
  charter_is_ours: boolean;
  never_wins: string;
}

export interface AllianceLists {
  lists: AllianceList[];
}

export interface AllianceList {
  list: string;
  title: string;
  member: string;
  own: boolean;
  purpose: 'match' | 'allow';
  state: 'enabled' | 'disabled' | 'withdrawn';
  handling: string;
  entries: number;
  withdrawn: number;
  readers: string[];
  subscription?: Subscription;
}

export interface Subscription {
  subscribed: boolean;
  enforce: boolean;
  national: boolean;
  heed_disputes: boolean;
  enforced_per_day: number;
}

export interface FollowedErasures {
  erasures: FollowedErasure[];
}

export interface FollowedErasure {
  position: number;
  at_ms: number;
  scope: string;
  confirmed: string[];
  open: string[];
}
