// The address holds the view: the page, and in its query how it is sorted, filtered and paged. It never holds a hash, an
// address of the web, or what somebody typed to search for: addresses end up in histories and logs.

interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname.replace(/\/+$/, '') || '/', query: new URLSearchParams(location.search) };
}

let place = $state.raw<Place>(here());
// A page that would lose what was typed asks first: it gives true to stay.
let guard: (() => boolean) | null = null;

export const route = {
  get path(): string {
    return place.path;
  },
  get query(): URLSearchParams {
    return place.query;
  },
};

export function keep_back(ask: (() => boolean) | null): void {
  guard = ask;
}

export function go(to: string, replace = false): void {
  if (guard?.()) return;
  guard = null;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  place = here();
  if (!replace) window.scrollTo(0, 0);
}

// Changes members of the query and nothing else; null takes one away.
export function set_query(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(null, '', place.path + (text ? '?' + text : ''));
  place = here();
}

export function start_router(): () => void {
  const back = () => {
    guard = null;
    place = here();
  };
  // Ordinary links work without a word: they are caught here.
  const click = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/')) return;
    // Links within the page, such as "Skip to the content", stay the browser's.
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  };
  addEventListener('popstate', back);
  document.addEventListener('click', click);
  return () => {
    removeEventListener('popstate', back);
    document.removeEventListener('click', click);
  };
}

// Matches "/lists/{list}" and gives its parameters.
export function match_path(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    if (part.startsWith('{')) parameters[part.slice(1, -1)] = value;
    else if (part !== value) return null;
  }
  return parameters;
}
