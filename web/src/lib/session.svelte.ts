// Who sits here, and what he may.

import { ApiError, get, post, remove, set_csrf, when_signed_out } from './api';
import { start_events, stop_events } from './events.svelte';
import { clear_toasts } from './toasts.svelte';
import type { Me, SignIn } from './types';

type State = 'unknown' | 'nobody' | 'enrolling' | 'signed_in';

let state = $state<State>('unknown');
let me = $state.raw<Me | null>(null);
// Signed out by the node, not by the reader: the sign-in page says so, and comes back to where he was.
let ended = $state(false);

export const session = {
  get state(): State {
    return state;
  },
  get me(): Me | null {
    return me;
  },
  get ended(): boolean {
    return ended;
  },
  may(right: string): boolean {
    return me?.rights.includes(right) ?? false;
  },
};

// Tabs share one cookie: who signs in or out in one of them does so in all.
const tabs = new BroadcastChannel('fristad-session');
tabs.addEventListener('message', () => {
  load_session().catch(() => {});
});

// The events have stopped. Either the session has ended, which the reader is told at once, or the node is away a while.
function look_again(): void {
  get<Me>('/api/v1/me').then(
    () => {
      if (state === 'signed_in') start_events(look_again);
    },
    (error: unknown) => {
      if (state === 'signed_in' && !(error instanceof ApiError && error.status === 401)) setTimeout(look_again, 10_000);
    },
  );
}

export async function load_session(): Promise<void> {
  try {
    const found = await get<Me>('/api/v1/me', { quiet_401: true });
    set_csrf(found.csrf ?? '');
    me = found;
    state = found.enrolling ? 'enrolling' : 'signed_in';
    ended = false;
    if (state === 'signed_in') start_events(look_again);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) forget();
    else throw error;
  }
}

function forget(): void {
  set_csrf('');
  me = null;
  state = 'nobody';
  clear_toasts();
  stop_events();
}

export async function sign_in_step(path: string, body: unknown): Promise<SignIn> {
  const answer = await post<SignIn>('/api/v1/sessions' + path, body, { quiet_401: true });
  set_csrf(answer.csrf);
  return answer;
}

// The last step is taken: the pages may show.
export async function enter(): Promise<void> {
  await load_session();
  tabs.postMessage(null);
}

export async function sign_out(): Promise<void> {
  try {
    await remove('/api/v1/sessions/current', { quiet_401: true });
  } finally {
    ended = false;
    forget();
    tabs.postMessage(null);
  }
}

when_signed_out(() => {
  if (state !== 'signed_in' && state !== 'enrolling') return;
  ended = true;
  forget();
});
