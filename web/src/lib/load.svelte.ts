// What a page shows of the node: loading, there, or failed with a way to try again.
//
//   const lists = loaded(() => get<Lists>('/api/v1/lists'));
//   $effect(() => on_event('lists', lists.again));
//   <State of={lists}>{#snippet children(value)}…{/snippet}</State>

import { ApiError } from './api';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  readonly again: () => void;
  set(value: T): void;
}

// `load` is asked at once, and again when what it reads of the state of the page changes.
export function loaded<T>(load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  let value = $state.raw<T | undefined>(undefined);
  let error = $state.raw<ApiError | undefined>(undefined);
  let loading = $state(true);
  let round = $state(0);

  $effect(() => {
    void round;
    const stop = new AbortController();
    loading = true;
    load(stop.signal).then(
      (found) => {
        if (stop.signal.aborted) return;
        value = found;
        error = undefined;
        loading = false;
      },
      (failed: unknown) => {
        if (stop.signal.aborted) return;
        error = failed instanceof ApiError ? failed : new ApiError(0, 'internal', String(failed));
        loading = false;
      },
    );
    return () => stop.abort();
  });

  return {
    get value() {
      return value;
    },
    get error() {
      return error;
    },
    get loading() {
      return loading;
    },
    again: () => {
      round += 1;
    },
    set(found: T) {
      value = found;
      error = undefined;
    },
  };
}
