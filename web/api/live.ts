import { effect, type Signal, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { call, liveQuery, Refused } from './call.ts';
import type { Input, OperationName, Output } from './catalogue.ts';
import { loadMe, mustSignIn } from './me.ts';
import { hasSeat, leaveSeat, takeSeat } from './seat.ts';

/** Without a word for so long the line is dead, whatever the browser believes. */
const SILENT_MS = 25_000;
/** A line that comes back at once is not worth a word. */
const GRACE_MS = 3_000;
const HIDDEN_MS = 30_000;
const POLL_MS = 3_000;

export interface Watched<T> {
  readonly data: T | null;
  /** When it was so; null: not known yet. */
  readonly at: Date | null;
  readonly refusal: Refused | null;
}

interface Query {
  readonly state: Signal<Watched<unknown>>;
  readonly poll: () => Promise<unknown>;
  watchers: number;
}

const queries = new Map<string, Query>();
let source: EventSource | null = null;
let opened = '';
let heardAt = Date.now();
let failures = 0;
let hiddenTimer: number | undefined;
let isHungUp = false;
let isPolling = false;
let changing = false;

/** False while the numbers on the page may be old: the line is lost. */
export const isFresh = signal(true);

/** Milliseconds since 1970. */
export function lastHeard(): number {
  return heardAt;
}

/** What an operation answers (null: nothing is asked), kept up to date while the page shows it. One stream for all that a tab looks at. */
export function useLive<Name extends OperationName>(
  name: Name,
  input: Input<Name> | null,
): Watched<Output<Name>> {
  const key = input === null ? '' : liveQuery(name, input);
  const [query] = useStateOf(key, () => entry(name, input, key));
  useEffect(() => {
    if (key === '') return;
    query.watchers += 1;
    queries.set(key, query);
    change();
    return () => {
      query.watchers -= 1;
      if (query.watchers === 0) queries.delete(key);
      change();
    };
  }, [key]);
  return query.state.value as Watched<Output<Name>>;
}

function reopen(): void {
  opened = '';
  open();
}

/** Asks again at once, after something was done. */
export async function refresh(): Promise<void> {
  await Promise.all([...queries].map(([key, query]) => poll(key, query)));
}

function useStateOf<T>(key: string, make: () => T): [T] {
  const [held, setHeld] = useState(() => ({ key, value: make() }));
  if (held.key === key) return [held.value];
  const next = { key, value: make() };
  setHeld(next);
  return [next.value];
}

function entry<Name extends OperationName>(name: Name, input: Input<Name> | null, key: string): Query {
  return (
    queries.get(key) ?? {
      state: signal<Watched<unknown>>({ data: null, at: null, refusal: null }),
      poll: () => call(name, input as Input<Name>),
      watchers: 0,
    }
  );
}

/** All that a screen asks for is asked for by one stream: what changes in one moment is one change. */
function change(): void {
  if (changing) return;
  changing = true;
  queueMicrotask(() => {
    changing = false;
    open();
  });
}

function hangUp(): void {
  source?.close();
  source = null;
}

function open(): void {
  const wanted = [...queries.keys()].sort();
  const url = `/api/live?${wanted.map((text) => `q=${encodeURIComponent(text)}`).join('&')}`;
  if (isHungUp || !hasSeat.peek() || mustSignIn.value || (source && opened === url)) return;
  hangUp();
  if (wanted.length === 0) return;
  if (opened === '') takeSeat();
  opened = url;
  heardAt = Date.now();
  const stream = new EventSource(url);
  source = stream;
  const heard = () => {
    heardAt = Date.now();
    failures = 0;
    isFresh.value = true;
  };
  stream.addEventListener('beat', heard);
  stream.onmessage = ({ data }) => {
    heard();
    const { q, at, answer, refusal } = JSON.parse(data) as {
      q: string;
      at: string;
      answer?: unknown;
      refusal?: object;
    };
    const query = queries.get(q);
    if (!query) return;
    const { data: before } = query.state.value;
    query.state.value = refusal
      ? { data: before, at: new Date(at), refusal: new Refused(refusal, 400) }
      : { data: answer, at: new Date(at), refusal: null };
  };
  stream.onerror = () => {
    failures += 1;
    // It may be that the session is over.
    if (failures === 1) void loadMe();
    // A refusal ends the stream for good: the browser does not come again by itself.
    if (stream.readyState !== EventSource.CLOSED || source !== stream) return;
    source = null;
    window.setTimeout(() => source === null && open(), 1_000 + Math.random() * 4_000);
  };
}

async function pollAll(): Promise<void> {
  if (isPolling) return;
  isPolling = true;
  await refresh();
  isPolling = false;
}

/** Where the stream does not come through, the same is asked for one by one. */
async function poll(key: string, query: Query): Promise<void> {
  try {
    query.state.value = { data: await query.poll(), at: new Date(), refusal: null };
    isFresh.value = true;
    heardAt = Date.now();
  } catch (error) {
    if (error instanceof Refused && queries.get(key) === query)
      query.state.value = { ...query.state.value, refusal: error };
  }
}

window.setInterval(() => {
  if (isHungUp || mustSignIn.value || queries.size === 0) return;
  const silentMs = Date.now() - heardAt;
  if (source?.readyState === EventSource.OPEN) {
    if (silentMs < SILENT_MS) return;
    isFresh.value = false;
    reopen();
    return;
  }
  const polls = !hasSeat.value || failures > 2;
  if (polls) void pollAll();
  if (silentMs > (polls ? 3 * POLL_MS : GRACE_MS)) isFresh.value = false;
}, POLL_MS);

/** Whoever has signed in again, or has a seat again, sees what moves again. */
effect(() => {
  if (!hasSeat.value) {
    hangUp();
    void pollAll();
  } else if (!mustSignIn.value) change();
});

window.addEventListener('focus', () => {
  if (!hasSeat.value) takeSeat();
});

/** What nobody sees costs nothing. */
document.addEventListener('visibilitychange', () => {
  window.clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = window.setTimeout(() => {
      isHungUp = true;
      hangUp();
      leaveSeat();
    }, HIDDEN_MS);
  } else if (isHungUp) {
    isHungUp = false;
    reopen();
  }
});
