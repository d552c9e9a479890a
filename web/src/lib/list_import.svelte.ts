// A list on its way from a file into the node: read and checked by a worker, then sent in batches, each of which the
// node takes whole or not at all. What is told at the end is what the node answered, nothing else.

import { ApiError, post } from './api';
import type { Batch, FromWorker, Summary, ToWorker } from './list_file/messages';
import type { BadRow, HeaderCode, ListOptions } from './list_file/rows';
import type { EntryNumbers } from './types';

type Stage = 'empty' | 'reading' | 'unreadable' | 'checked' | 'sending' | 'stuck' | 'ended';

// Rows that only the node finds bad are told and passed over; where that many are, something else is wrong.
const refused_max = 200;
const tries = 4;
const wait_max_s = 60;

interface Pending extends Batch {
  // The same for each try: what got through without an answer isn't added twice.
  key: string;
  tried: number;
}

export class ListImport {
  stage = $state<Stage>('empty');
  file = $state.raw<File | null>(null);
  progress = $state.raw({ bytes: 0, good: 0, bad: 0 });
  summary = $state.raw<Summary | null>(null);
  unreadable = $state.raw<{ code: HeaderCode | 'gone'; column: string } | null>(null);
  sent = $state(0);
  refused = $state.raw<BadRow[]>([]);
  // Up to which line of the file.
  last_line = $state(0);
  error = $state.raw<ApiError | undefined>(undefined);
  stopping = $state(false);
  // Of the entries that were made.
  numbers: number[] = [];

  #worker: Worker | null = null;
  #answer: ((message: FromWorker) => void) | null = null;
  #pending: Pending | null = null;

  constructor(readonly list: string) {}

  get busy(): boolean {
    return this.stage === 'sending' || this.stage === 'stuck';
  }
  get to_send(): number {
    return (this.summary?.good ?? 0) - this.refused.length;
  }

  async check(file: File, options: ListOptions): Promise<void> {
    this.#start_worker();
    this.file = file;
    this.summary = null;
    this.unreadable = null;
    this.progress = { bytes: 0, good: 0, bad: 0 };
    this.sent = 0;
    this.refused = [];
    this.numbers = [];
    this.stage = 'reading';
    const worker = this.#worker;
    const answer = await this.#ask({ do: 'check', file, options });
    // Another file, or other options, came meanwhile.
    if (worker !== this.#worker) return;
    if (answer.is === 'checked') {
      this.summary = answer.summary;
      this.stage = 'checked';
    } else if (answer.is === 'unreadable') {
      this.unreadable = answer;
      this.stage = 'unreadable';
    }
  }

  async start(): Promise<void> {
    this.stage = 'sending';
    this.stopping = false;
    this.error = undefined;
    this.#pending = await this.#batch({ do: 'first_batch' });
    await this.#send();
  }

  // After it got stuck: the same batch again.
  async go_on(): Promise<void> {
    this.stage = 'sending';
    this.error = undefined;
    if (this.#pending) this.#pending.tried = 0;
    await this.#send();
  }

  // What is on its way is waited for, so that it is known.
  stop(): void {
    this.stopping = true;
    if (this.stage === 'stuck') this.stage = 'ended';
  }

  reset(): void {
    this.#end_worker();
    this.stage = 'empty';
    this.file = null;
    this.summary = null;
    this.error = undefined;
    this.sent = 0;
    this.refused = [];
    this.numbers = [];
  }

  dispose(): void {
    this.stopping = true;
    this.#end_worker();
  }

  async #send(): Promise<void> {
    while (this.#pending && !this.stopping) {
      const pending = this.#pending;
      // The node refused all that was in it.
      if (pending.entries.length === 0) {
        this.#pending = await this.#batch({ do: 'next_batch' });
        continue;
      }
      try {
        pending.tried += 1;
        const answer = await post<EntryNumbers>(`/api/v1/lists/${this.list}/entries`, { entries: pending.entries }, { idempotency_key: pending.key });
        this.numbers = this.numbers.concat(answer.entries);
      } catch (failed) {
        const error = failed instanceof ApiError ? failed : new ApiError(0, 'internal', '');
        // An earlier try got through, and its answer didn't.
        const was_done = error.code === 'conflict' && pending.tried > 1 && error.detail.includes('carried out before');
        if (!was_done) {
          if (this.#without_refused(pending, error)) continue;
          const under_way = error.code === 'conflict' && error.detail.includes('being carried out');
          const passing = (under_way || ['offline', 'unavailable', 'throttled'].includes(error.code)) && (error.retry_after_s ?? 1) <= wait_max_s;
          if (passing && pending.tried < tries) {
            await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retry_after_s ?? 2 ** pending.tried)));
            continue;
          }
          this.error = error;
          this.stage = 'stuck';
          return;
        }
      }
      this.sent += pending.entries.length;
      this.last_line = pending.lines.at(-1) ?? this.last_line;
      this.#pending = await this.#batch({ do: 'next_batch' });
    }
    if (this.stage === 'sending') this.stage = 'ended';
  }

  // The node says which entry it refuses, and that it added none. True: there is something left to do without it.
  #without_refused(pending: Pending, error: ApiError): boolean {
    const said = /^entry (\d+): (.*?)(?:; nothing was added)?$/s.exec(error.detail);
    const at = Number(said?.[1]);
    const line = said ? pending.lines[at] : undefined;
    if (line === undefined || this.refused.length >= refused_max) return false;
    this.refused = [...this.refused, { line, code: 'refused', detail: said?.[2] ?? '' }];
    pending.entries.splice(at, 1);
    pending.lines.splice(at, 1);
    pending.key = crypto.randomUUID();
    pending.tried = 0;
    return true;
  }

  async #batch(message: ToWorker): Promise<Pending | null> {
    const answer = await this.#ask(message);
    if (answer.is === 'batch') return answer.batch ? { ...answer.batch, key: crypto.randomUUID(), tried: 0 } : null;
    // The file was changed, moved or taken away while it was read.
    this.error = new ApiError(0, 'file-gone', '');
    this.stage = 'ended';
    return null;
  }

  #ask(message: ToWorker): Promise<FromWorker> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#worker?.postMessage(message);
    });
  }
  #start_worker(): void {
    this.#end_worker();
    const worker = new Worker(new URL('./list_file/worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      if (event.data.is === 'progress') this.progress = event.data;
      else this.#answer?.(event.data);
    };
    // It couldn't be started, or broke.
    worker.onerror = () => this.#answer?.({ is: 'unreadable', code: 'gone', column: '' });
    this.#worker = worker;
  }
  #end_worker(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#answer = null;
  }
}
