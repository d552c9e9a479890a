// How it goes with a member, in one word: what its row in the table and its dot on the map say.

import { ago, t } from './i18n.svelte';
import type { AllianceMember } from './types';

export const silent_after_ms = 24 * 3_600_000;
export const whole_alliance = '*';

export type Health = 'own' | 'good' | 'founding' | 'away' | 'silent' | 'trouble' | 'muted' | 'suspended' | 'expelled' | 'left';

export function health_of(one: AllianceMember, now_ms: number = Date.now()): Health {
  if (one.own) return one.standing === 'active' ? 'own' : one.standing === 'founding' ? 'founding' : one.standing;
  if (one.standing === 'founding') return one.founded ? 'founding' : 'away';
  if (one.standing !== 'active') return one.standing;
  if (one.muted) return 'muted';
  if (one.trouble || one.evidence > 0) return 'trouble';
  return now_ms - Math.max(one.contact_ms, one.heard_ms) > silent_after_ms ? 'silent' : 'good';
}

// Nothing here is a reason for alarm: what wants a look is marked, and no more.
export function badge_of(health: Health): 'good' | 'notice' | 'plain' {
  if (health === 'good' || health === 'own') return 'good';
  return health === 'expelled' || health === 'left' || health === 'founding' ? 'plain' : 'notice';
}

export const when = (ms: number): string => (ms > 0 ? ago(ms) : t().common.never);

// Names of countries come from the browser; what it doesn't know is named by its code.
export function country_text(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  try {
    return new Intl.DisplayNames([language], { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}

export function reader_text(code: string): string {
  return code === whole_alliance ? t().alliance.lists.everybody : code;
}
