// Every page: its address, who may see it, where it stands in the menu. Pages are fetched when they are first needed.

import type { Component } from 'svelte';
import type { Texts } from '../texts/en';

export interface PageRoute {
  pattern: string;
  name: keyof Texts['nav'];
  right?: string; // none: everybody who is signed in
  menu?: boolean;
  load: () => Promise<{ default: Component<{ parameters: Record<string, string> }> }>;
}

export const pages: PageRoute[] = [
  { pattern: '/', name: 'home', menu: true, load: () => import('./Home.svelte') },
  { pattern: '/match', name: 'match', right: 'match', menu: true, load: () => import('./Match.svelte') },
  { pattern: '/lists', name: 'lists', right: 'read_lists', menu: true, load: () => import('./Lists.svelte') },
  { pattern: '/lists/{list}', name: 'lists', right: 'read_lists', load: () => import('./List.svelte') },
  { pattern: '/lists/{list}/import', name: 'lists', right: 'decide_lists', load: () => import('./Import.svelte') },
  { pattern: '/lists/{list}/entries/{entry}', name: 'lists', right: 'read_lists', load: () => import('./Entry.svelte') },
  { pattern: '/alliance', name: 'alliance', right: 'read_alliance', menu: true, load: () => import('./Alliance.svelte') },
  { pattern: '/alliance/invite', name: 'alliance', right: 'decide_alliance', load: () => import('./AllianceInvite.svelte') },
  { pattern: '/alliance/join', name: 'alliance', right: 'decide_alliance', load: () => import('./AllianceJoin.svelte') },
  { pattern: '/alliance/lists', name: 'alliance', right: 'subscribe_lists', load: () => import('./AllianceLists.svelte') },
  { pattern: '/alliance/erasures', name: 'alliance', right: 'read_alliance', load: () => import('./AllianceErasures.svelte') },
  { pattern: '/alliance/members/{member}', name: 'alliance', right: 'read_alliance', load: () => import('./AllianceMember.svelte') },
  { pattern: '/approvals', name: 'approvals', right: 'own_account', menu: true, load: () => import('./Approvals.svelte') },
  { pattern: '/audit', name: 'audit', right: 'read_audit', menu: true, load: () => import('./Audit.svelte') },
  { pattern: '/users', name: 'users', right: 'manage_users', menu: true, load: () => import('./Users.svelte') },
  { pattern: '/users/{user}', name: 'users', right: 'manage_users', load: () => import('./User.svelte') },
  { pattern: '/tokens', name: 'tokens', right: 'manage_users', menu: true, load: () => import('./Tokens.svelte') },
  { pattern: '/node', name: 'node', right: 'node_status', menu: true, load: () => import('./Node.svelte') },
  { pattern: '/account', name: 'account', load: () => import('./Account.svelte') },
  { pattern: '/design', name: 'design', load: () => import('./Design.svelte') },
];
