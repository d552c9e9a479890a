import type { ApiError } from './api';

// When somebody who tried too often may try again.
export function again_at_ms(error: ApiError): number {
  return Date.now() + (error.retry_after_s ?? 60) * 1000;
}
