// How the node is: its figures, and whether it says that it can do its work.

import { ApiError, get } from './api';
import { on_event } from './events.svelte';
import { loaded, type Loaded } from './load.svelte';
import type { Node, Ready } from './types';

export interface Health {
  node: Node;
  ready: boolean;
}

// To be called while a component is set up. Nothing is asked by the clock: that would keep a forgotten session alive.
export function node_health(): Loaded<Health> {
  const health = loaded(async (signal): Promise<Health> => {
    const node = await get<Node>('/api/v1/node', { signal });
    try {
      return { node, ready: (await get<Ready>('/health/ready', { signal, quiet_401: true })).ready };
    } catch (error) {
      if (error instanceof ApiError && error.status === 503) return { node, ready: false };
      throw error;
    }
  });
  $effect(() => on_event('lists', health.again));
  return health;
}
