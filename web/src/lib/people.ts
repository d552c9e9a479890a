// What the node's rules say about people (src/people/roles.cc, records.cc, factors.cc), so that the reader hears of them
// before he asks. The node has the last word.

import { t } from './i18n.svelte';
import type { Texts } from '../texts/en';

export type Role = keyof Texts['people']['role'];
export type Scope = keyof Texts['tokens']['scope'];

export const roles: Role[] = ['viewer', 'analyst', 'investigator', 'guardian', 'coordinator', 'steward', 'admin'];
export const scopes: Scope[] = ['match', 'details', 'lists', 'entries', 'banks', 'metrics'];

const with_key = new Set<string>(['investigator', 'guardian', 'steward', 'admin']);

const never_both: [Role, Role, 'why_own_work' | 'why_child_and_hash' | 'why_no_cases'][] = [
  ['analyst', 'coordinator', 'why_own_work'],
  ['analyst', 'guardian', 'why_child_and_hash'],
  ['admin', 'investigator', 'why_no_cases'],
  ['admin', 'guardian', 'why_no_cases'],
];

// A node may be newer than this page, and know more of them.
export function role_text(role: string): string {
  return t().people.role[role as Role] ?? role;
}
export function right_text(right: string): string {
  return t().people.right[right as keyof Texts['people']['right']] ?? right;
}
export function scope_text(scope: string): string {
  return t().tokens.scope[scope as Scope] ?? scope;
}

export function needs_security_key(chosen: string[]): boolean {
  return chosen.some((role) => with_key.has(role));
}

// Why nobody has all of these; empty: somebody may.
export function against_roles(chosen: string[]): string[] {
  const said = t().people;
  return never_both
    .filter(([one, other]) => chosen.includes(one) && chosen.includes(other))
    .map(([one, other, why]) => said.never_both(said.role[one], said.role[other], said[why]));
}

// What is wrong with the name of a user or a token.
export function against_name(name: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) return t().people.name_wrong;
  if (name === 'node' || name.startsWith('local-')) return t().people.name_kept;
  return undefined;
}

// What is wrong with a new password.
export function against_password(password: string, user_name: string, before = ''): string | undefined {
  const said = t().password;
  const bytes = new TextEncoder().encode(password).length;
  if (bytes === 0) return said.missing;
  if (bytes < 12) return said.too_short;
  if (bytes > 1024) return said.too_long;
  if (new Set(password).size === 1) return said.one_character;
  if (password.toLowerCase() === user_name) return said.is_name;
  if (before && password === before) return said.as_before;
  return undefined;
}

// "123 456" is a code too.
export function plain_code(typed: string): string {
  return typed.replace(/\s/g, '');
}
export function against_code(code: string): string | undefined {
  return /^\d{6}$/.test(code) ? undefined : t().factor.code_shape;
}
