import type { Log } from '../../log/log.ts';

/** What became of a send, for the log: told when it is committed, by whoever wrote it down. */
export type SendEnded =
  | { readonly send: string; readonly state: 'completed' }
  | {
      readonly send: string;
      readonly state: 'paused';
      readonly code: string;
      readonly problem: string;
      readonly said?: string;
    };

export function logEnded(log: Log, ended: readonly SendEnded[]): void {
  for (const one of ended) {
    if (one.state === 'paused') log.warn(one, 'a send is paused');
    else log.info(one, 'a send is completed');
  }
}
