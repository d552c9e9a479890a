// Requests to the node's API (docs/reference/api.md). Errors are thrown as ApiError, which says what to tell the reader.

import type { Problem } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    // Of the API's stable list; "offline" when no answer came, "bad-answer" when it made no sense.
    readonly code: string,
    readonly detail: string,
    readonly retry_after_s: number | null = null,
  ) {
    super(detail || code);
  }
}

let csrf = '';
// It came with the sign-in, or with `me`; only a page of ours can know it.
export function set_csrf(token: string): void {
  csrf = token;
}

let on_signed_out: () => void = () => {};
export function when_signed_out(then: () => void): void {
  on_signed_out = then;
}

export interface Options {
  // Of what was seen: a change is refused where somebody was faster.
  if_match?: string;
  signal?: AbortSignal;
  // Sign-in answers 401 for a wrong password too.
  quiet_401?: boolean;
  // Of a request that is sent again because its answer got lost: what it asked for is done once.
  idempotency_key?: string;
}

export interface Answer<T> {
  status: number;
  body: T;
  etag: string | null;
}

async function problem_of(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('Retry-After'));
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Partial<Problem>;
  } catch {
    // A proxy in between answered in words of its own.
  }
  return new ApiError(
    response.status,
    problem.code ?? 'bad-answer',
    problem.detail ?? '',
    Number.isFinite(retry) && retry > 0 ? retry : null,
  );
}

export async function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  options: Options = {},
): Promise<Answer<T>> {
  const headers: Record<string, string> = {};
  const is_bytes = body instanceof Blob;
  if (body !== undefined) headers['Content-Type'] = is_bytes ? body.type || 'application/octet-stream' : 'application/json';
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  if (options.if_match) headers['If-Match'] = options.if_match;
  // Whatever is sent twice, by a double click or a network that hung up, is done once.
  if (method === 'POST' && !is_bytes) headers['Idempotency-Key'] = options.idempotency_key ?? crypto.randomUUID();

  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : is_bytes ? body : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: options.signal ?? null,
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'offline', '');
  }
  if (!response.ok) {
    const problem = await problem_of(response);
    if (response.status === 401 && !options.quiet_401) on_signed_out();
    throw problem;
  }
  if (response.status === 204) return { status: 204, body: undefined as T, etag: null };
  try {
    return { status: response.status, body: (await response.json()) as T, etag: response.headers.get('ETag') };
  } catch {
    throw new ApiError(response.status, 'bad-answer', '');
  }
}

export const get = async <T>(path: string, options?: Options): Promise<T> =>
  (await ask<T>('GET', path, undefined, options)).body;
export const post = async <T>(path: string, body?: unknown, options?: Options): Promise<T> =>
  (await ask<T>('POST', path, body ?? {}, options)).body;
export const patch = async <T>(path: string, body: unknown, options?: Options): Promise<T> =>
  (await ask<T>('PATCH', path, body, options)).body;
export const put = async <T>(path: string, body: unknown, options?: Options): Promise<T> =>
  (await ask<T>('PUT', path, body, options)).body;
export const remove = async (path: string, options?: Options): Promise<void> => {
  await ask<void>('DELETE', path, undefined, options);
};
