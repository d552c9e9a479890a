// The guided tour: what a newcomer is shown, by what he may do. It remembers only that it was seen.

import type { Texts } from '../texts/en';
import { get } from './api';
import { go } from './router.svelte';
import { session } from './session.svelte';
import type { Entries, Lists } from './types';

export interface TourStep {
  name: keyof Texts['tour']['steps'];
  right?: string;
  // The part of the page that the step is about: data-tour="…".
  at: string;
  path: () => string | Promise<string>;
}

// The demo data's lists have other ids on every node: the first one with entries stands for them.
async function first_list(): Promise<string | undefined> {
  const { lists } = await get<Lists>('/api/v1/lists');
  return (lists.find((one) => one.state === 'enabled' && one.purpose === 'match' && one.entries > 0) ?? lists[0])?.list;
}
async function list_path(): Promise<string> {
  const list = await first_list().catch(() => undefined);
  return list ? `/lists/${list}` : '/lists';
}
async function entry_path(): Promise<string> {
  try {
    const list = await first_list();
    if (!list) return '/match';
    const { entries } = await get<Entries>(`/api/v1/lists/${list}/entries?count=1`);
    return entries[0] ? `/lists/${list}/entries/${entries[0].entry}` : '/match';
  } catch {
    return '/match';
  }
}

const all_steps: TourStep[] = [
  { name: 'waiting', at: 'home-waiting', path: () => '/' },
  { name: 'match', right: 'match', at: 'match-paste', path: () => '/match' },
  { name: 'why', right: 'match_details', at: 'entry-why', path: entry_path },
  { name: 'lists', right: 'read_lists', at: 'lists-table', path: () => '/lists' },
  { name: 'withdraw', right: 'decide_lists', at: 'list-entries', path: list_path },
  { name: 'export', right: 'ask_export', at: 'list-export', path: list_path },
  { name: 'users', right: 'manage_users', at: 'users-table', path: () => '/users' },
  { name: 'tokens', right: 'manage_users', at: 'tokens-table', path: () => '/tokens' },
  { name: 'two_people', right: 'own_account', at: 'approvals-queue', path: () => '/approvals' },
  { name: 'audit', right: 'read_audit', at: 'audit-trail', path: () => '/audit' },
  { name: 'node', right: 'node_status', at: 'node-health', path: () => '/node' },
  { name: 'account', at: 'account', path: () => '/account' },
];
const steps_max = 7;

function was_seen(): boolean {
  try {
    return localStorage.getItem('tour') === 'seen';
  } catch {
    return false;
  }
}

let steps = $state.raw<TourStep[]>([]);
let at = $state<number | null>(null);
let seen = $state(was_seen());
let leads_to = '';

export const tour = {
  get step(): TourStep | undefined {
    return at === null ? undefined : steps[at];
  },
  get number(): number {
    return (at ?? 0) + 1;
  },
  get count(): number {
    return steps.length;
  },
  get seen(): boolean {
    return seen;
  },
};

export function start_tour(): void {
  steps = all_steps.filter((step) => !step.right || session.may(step.right)).slice(0, steps_max);
  void show_step(0);
}

export async function show_step(wanted: number): Promise<void> {
  const step = steps[wanted];
  if (!step) return;
  at = wanted;
  const path = await step.path();
  if (at !== wanted) return;
  if (path !== location.pathname) {
    leads_to = path;
    go(path);
  }
}

export function end_tour(): void {
  at = null;
  leads_to = '';
  seen = true;
  try {
    localStorage.setItem('tour', 'seen');
  } catch {
    // It is offered again.
  }
}

// Whether it was the tour that went there: then the focus stays with the tour. Says so once.
export function tour_led_to(path: string): boolean {
  const led = at !== null && leads_to === path;
  leads_to = '';
  return led;
}
