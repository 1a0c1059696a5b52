import { signal } from '@preact/signals';

/**
 * Over HTTP/1.1 a browser keeps six connections to a host, for all its tabs together: with a stream in each, the seventh tab
 * would wait for ever. So many have one, those that were looked at last; the others ask now and then.
 */
const STREAMS = 4;

/** Whether this tab may hold a stream. */
export const hasSeat = signal(true);

interface Said {
  readonly tab: string;
  readonly is: 'here' | 'gone';
}
const own = Math.random().toString(36).slice(2);
/** Tabs that have taken a seat since this one did, and are still there. */
const later = new Set<string>();
const tabs = new BroadcastChannel('tidings-streams');
tabs.onmessage = ({ data: { tab, is } }: MessageEvent<Said>) => {
  if (is === 'here') later.add(tab);
  else later.delete(tab);
  hasSeat.value = later.size < STREAMS;
};

/** This is the tab that is looked at: whoever was looked at longest ago loses its seat. */
export function takeSeat(): void {
  later.clear();
  hasSeat.value = true;
  tabs.postMessage({ tab: own, is: 'here' } satisfies Said);
}

export function leaveSeat(): void {
  tabs.postMessage({ tab: own, is: 'gone' } satisfies Said);
}
addEventListener('pagehide', leaveSeat);
