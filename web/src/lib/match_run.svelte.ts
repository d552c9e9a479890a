// Images and hashes on their way through the node, and what it said of them. All of it is in the memory of the page and
// goes with it. An image is read from the disk by the browser as it is sent, and never decoded or shown here.

import { ApiError, ask, post } from './api';
import type { HashKind, PastedHash } from './hash_lines';
import type { ImageAnswer, Match, MatchAnswer, MatchBatchAnswer } from './types';

export type ItemState = 'waiting' | 'known' | 'unknown' | 'failed' | 'stopped';

export interface Item {
  id: number;
  image: boolean;
  name: string; // of the file
  line: number; // where it was pasted
  kinds: HashKind[];
  digits: string; // what was pasted; empty for an image
  state: ItemState;
  matches: Match[];
  error: ApiError | undefined;
  about: { format: string; width: number; height: number; quality: number } | undefined;
}

// What an image may weigh on any node (docs/operating/configuration.md): a larger one isn't sent at all.
const image_bytes_max = 64 << 20;
const images_at_once = 2;
const digests_at_once = 4;
const pdqs_a_request = 2000;
const tries = 3;
const wait_max_s = 20;

interface Job {
  // Of one request: an image or a digest, or many PDQ hashes.
  items: Item[];
  kind: HashKind | 'image';
  file?: File;
}

export class MatchRun {
  items = $state<Item[]>([]);
  running = $state(false);
  #stop = new AbortController();
  #next_id = 1;
  // How many questions are still open about an item: 64 digits may be asked in two ways.
  #open = new Map<number, number>();

  readonly counts = $derived.by(() => {
    const counts: Record<ItemState, number> = { waiting: 0, known: 0, unknown: 0, failed: 0, stopped: 0 };
    for (const item of this.items) counts[item.state] += 1;
    return counts;
  });

  async images(files: File[]): Promise<void> {
    const jobs = files.map((file): Job => ({ items: [this.#add(file.name, 0, [], '')], kind: 'image', file }));
    await this.#run(jobs);
  }

  async hashes(pasted: PastedHash[]): Promise<void> {
    const items = pasted.map(({ line, kinds, digits }) => this.#add('', line, kinds, digits));
    const pdqs = items.filter((item) => item.kinds.includes('pdq'));
    const jobs: Job[] = [];
    for (let at = 0; at < pdqs.length; at += pdqs_a_request) jobs.push({ items: pdqs.slice(at, at + pdqs_a_request), kind: 'pdq' });
    for (const kind of ['md5', 'sha1', 'sha256'] as const) {
      for (const item of items) if (item.kinds.includes(kind)) jobs.push({ items: [item], kind });
    }
    await this.#run(jobs);
  }

  cancel(): void {
    this.#stop.abort();
  }

  forget(): void {
    this.cancel();
    this.items = [];
    this.#open.clear();
  }

  #add(name: string, line: number, kinds: HashKind[], digits: string): Item {
    this.items.push({
      id: this.#next_id++,
      image: digits === '',
      name,
      line,
      kinds,
      digits,
      state: 'waiting',
      matches: [],
      error: undefined,
      about: undefined,
    });
    // The one that the page watches.
    const item = this.items.at(-1) as Item;
    this.#open.set(item.id, Math.max(1, kinds.length));
    return item;
  }

  async #run(jobs: Job[]): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.running = true;
    let next = 0;
    const work = async () => {
      for (;;) {
        const job = jobs[next++];
        if (!job || signal.aborted) return;
        try {
          await again_while_busy(() => this.#ask(job, signal), signal);
        } catch (error) {
          if (signal.aborted) return;
          const known = error instanceof ApiError ? error : new ApiError(0, 'internal', '');
          for (const item of job.items) this.#fail(item, known);
          // Nothing else would get through either.
          if (known.code === 'sign-in-needed') this.#stop.abort();
        }
      }
    };
    const at_once = jobs[0]?.kind === 'image' ? images_at_once : digests_at_once;
    await Promise.all(Array.from({ length: at_once }, work));
    for (const item of this.items) if (item.state === 'waiting') item.state = 'stopped';
    this.running = false;
  }

  async #ask(job: Job, signal: AbortSignal): Promise<void> {
    const [item] = job.items;
    if (!item) return;
    if (job.file) {
      if (!/^image\/(jpeg|png)$/.test(job.file.type)) throw new ApiError(415, 'unsupported', '');
      if (job.file.size > image_bytes_max) throw new ApiError(413, 'too-large', '');
      const { body } = await ask<ImageAnswer>('POST', '/api/v1/match/image', job.file, { signal });
      item.about = { format: body.format, width: body.width, height: body.height, quality: body.pdq_quality };
      this.#answer(item, body.matches);
    } else if (job.kind === 'pdq') {
      const answer = await post<MatchBatchAnswer>('/api/v1/match/batch', { pdq: job.items.map((one) => one.digits) }, { signal });
      const found = new Map(answer.found.map((one) => [one.index, one.matches]));
      const refused = new Set(answer.refused);
      for (const [i, one] of job.items.entries()) {
        if (refused.has(i)) this.#fail(one, new ApiError(429, 'probing', ''));
        else this.#answer(one, found.get(i) ?? []);
      }
    } else {
      const answer = await post<MatchAnswer>('/api/v1/match', { [job.kind]: item.digits }, { signal });
      this.#answer(item, answer.matches);
    }
  }

  #answer(item: Item, matches: Match[]): void {
    const key = (match: Match) => `${match.list} ${match.entry ?? match.handle ?? ''}`;
    const there = new Set(item.matches.map(key));
    item.matches.push(...matches.filter((match) => !there.has(key(match))));
    const open = (this.#open.get(item.id) ?? 1) - 1;
    this.#open.set(item.id, open);
    if (item.matches.length > 0) item.state = 'known';
    else if (open === 0 && item.state === 'waiting') item.state = 'unknown';
  }

  #fail(item: Item, error: ApiError): void {
    item.error = error;
    if (item.state !== 'known') item.state = 'failed';
  }
}

// A node that is busy says when to come back.
async function again_while_busy(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let tried = 1; ; ++tried) {
    try {
      await work();
      return;
    } catch (error) {
      const busy = error instanceof ApiError && ['unavailable', 'throttled'].includes(error.code);
      if (!busy || tried === tries || (error.retry_after_s ?? 1) > wait_max_s) throw error;
      const wait_ms = 1000 * (error.retry_after_s ?? tried);
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
      if (signal.aborted) throw error;
    }
  }
}
