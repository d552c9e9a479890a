// The audit trail's kinds and actors in plain words. A kind that this page doesn't know is shown as it is.

import { number, t } from './i18n.svelte';
import type { Act, AuditSearch } from './types';

export function kind_text(kind: string): string {
  const known: Record<string, string> = t().audit.kinds;
  return known[kind] ?? kind;
}

export function what_text(act: Act): string {
  return act.kinds.map((one) => kind_text(one.kind) + (one.count > 1 ? ` × ${number(one.count)}` : '')).join(', ');
}

// Programs and the node itself act too, under names that no person can have.
export function actor_text(actor: string): string {
  if (actor === 'node') return t().audit.actor_node;
  if (actor === 'local-admin') return t().audit.actor_local;
  if (actor.startsWith('token:')) return t().audit.actor_token(actor.slice('token:'.length));
  return actor;
}

export interface AuditForm {
  actor: string;
  kind: string;
  from: string; // dates as the browser's field gives them: 2026-01-31
  until: string;
}

// Midnight of that day where the reader is; days are counted by the calendar, for not all have 24 hours.
function midnight_ms(day: string, days_later = 0): number | undefined {
  const parts = day.split('-').map(Number);
  const [year, month, date] = parts;
  if (!year || !month || !date) return undefined;
  return new Date(year, month - 1, date + days_later).getTime();
}

export function search_of(form: AuditForm): AuditSearch {
  const search: AuditSearch = {};
  if (form.actor.trim()) search.actor = form.actor.trim();
  if (form.kind) search.kind = form.kind;
  const from = midnight_ms(form.from);
  const until = midnight_ms(form.until, 1);
  if (from !== undefined && from > 0) search.from_ms = from;
  if (until !== undefined && until > 0) search.until_ms = until;
  return search;
}
