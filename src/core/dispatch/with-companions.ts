import type { DispatcherControl } from './dispatcher-control.ts';

/** Something that goes on wherever messages are sent, and beside them. */
export interface Companion {
  start(): void;
  /** There may be something to do. */
  wake(): void;
  /** Begins nothing more. */
  stop(): void;
}

/** Whoever sends keeps these company: they start, wake and stop with it. */
export function withCompanions(
  dispatcher: DispatcherControl,
  companions: readonly Companion[],
): DispatcherControl {
  if (companions.length === 0) return dispatcher;
  const all = (what: keyof Companion) => {
    for (const one of companions) one[what]();
  };
  return {
    wake() {
      all('wake');
      dispatcher.wake();
    },
    senders: () => dispatcher.senders(),
    get isStopping() {
      return dispatcher.isStopping;
    },
    start() {
      all('start');
      dispatcher.start();
    },
    stop(maxMs) {
      all('stop');
      return dispatcher.stop(maxMs);
    },
  };
}
