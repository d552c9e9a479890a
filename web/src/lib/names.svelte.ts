// What lists and people are called, for pages that get their ids alone. Who may not read lists or users sees the ids.

import { get } from './api';
import { on_event } from './events.svelte';
import { loaded } from './load.svelte';
import { session } from './session.svelte';
import type { Lists, Users } from './types';

export interface Names {
  list(id: string): string | undefined;
  user(id: string): string | undefined;
}

// To be called while a component is set up.
export function known_names(): Names {
  const lists = loaded(async (signal) => {
    if (!session.may('read_lists')) return new Map<string, string>();
    const found = await get<Lists>('/api/v1/lists', { signal });
    return new Map(found.lists.map((one) => [one.list, one.title]));
  });
  const users = loaded(async (signal) => {
    if (!session.may('manage_users')) return new Map<string, string>();
    const found = await get<Users>('/api/v1/users', { signal });
    return new Map(found.users.map((one) => [one.user, one.display ? `${one.display} (${one.name})` : one.name]));
  });
  $effect(() => on_event('lists', lists.again));
  $effect(() => on_event('users', users.again));
  return {
    list: (id) => lists.value?.get(id),
    user: (id) => users.value?.get(id),
  };
}
