// What an approval is to whoever looks at it.

import { t } from './i18n.svelte';
import { session } from './session.svelte';
import type { Approval } from './types';

export const approval_states = ['asked', 'approved', 'refused', 'lapsed', 'done'] as const;

export const is_export = (one: Approval): boolean => one.action === 'list.export';
export const is_mine = (one: Approval): boolean => one.asked_by === session.me?.actor;
// Nobody answers what he asked for himself; the node holds to that too.
export const may_answer = (one: Approval): boolean => one.state === 'asked' && !is_mine(one) && session.may(one.answered_with);
export const may_fetch = (one: Approval): boolean =>
  one.state === 'approved' && is_export(one) && is_mine(one) && session.may('ask_export');
// Everything but an export is done with the answer: what is only approved met something in its way.
export const is_stuck = (one: Approval): boolean => one.state === 'approved' && !is_export(one);

// What is asked, in a few words; an action that this page doesn't know is named as it is.
export function action_text(action: string): string {
  const known: Record<string, string> = t().approvals.actions;
  return known[action] ?? action;
}

export function argument_text(one: Approval, name: string): string {
  const value = one.arguments[name];
  if (Array.isArray(value)) return value.map(String).join(', ');
  return value === undefined || value === null ? '' : String(value);
}

export function role_text(role: string): string {
  const known: Record<string, string> = t().approvals.roles;
  return known[role] ?? role;
}
