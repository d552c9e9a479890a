import type { ApiError } from './api';

// When somebody who tried too often may try again. The header says a minute whatever the wait is; the node's words say
// how long it is.
export function again_at_ms(error: ApiError): number {
  const said = Number(/(\d+) seconds/.exec(error.detail)?.[1] ?? 0);
  return Date.now() + Math.max(error.retry_after_s ?? 60, said) * 1000;
}
