// What changes on the node, as it changes. An event says only in what: whoever shows it asks anew.

type Topic = 'alliance' | 'lists' | 'approvals' | 'users' | 'tokens';

const topics: Topic[] = ['alliance', 'lists', 'approvals', 'users', 'tokens'];
const listeners = new Map<Topic, Set<() => void>>();
let source: EventSource | null = null;
let live = $state(false);
let pending = new Set<Topic>();
let timer: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

export const events = {
  // Whether changes are heard of at the moment.
  get live(): boolean {
    return live;
  },
};

// A burst of changes asks once.
function tell(topic: Topic): void {
  pending.add(topic);
  timer ??= setTimeout(() => {
    timer = undefined;
    const told = pending;
    pending = new Set();
    for (const one of told) for (const listener of listeners.get(one) ?? []) listener();
  }, 150);
}

// `refused` is called where the node, or what stands before it, doesn't want to tell any more: the session may be over.
export function start_events(refused: () => void): void {
  if (source) return;
  source = new EventSource('/api/v1/events');
  let was_open = false;
  source.addEventListener('open', (event) => {
    // The node's first event has this name too.
    if (event instanceof MessageEvent) return;
    live = true;
    // What was missed while the line was down isn't sent again.
    if (was_open) topics.forEach(tell);
    was_open = true;
  });
  source.addEventListener('error', () => {
    live = false;
    // A line that broke is tried again by the browser; an answer such as 401 or 502 isn't.
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    retry = setTimeout(refused, 3000);
  });
  for (const topic of topics) source.addEventListener(topic, () => tell(topic));
}

export function stop_events(): void {
  clearTimeout(retry);
  source?.close();
  source = null;
  live = false;
}

// To be called in $effect: it gives what ends it.
export function on_event(topic: Topic, then: () => void): () => void {
  const known = listeners.get(topic) ?? new Set();
  listeners.set(topic, known.add(then));
  return () => known.delete(then);
}
