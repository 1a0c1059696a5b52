import * as z from 'zod';
import { success } from '../../core/leads/lead.schema.ts';
import { findStop, startAll, stopAll } from '../../core/sends/stop-all.ts';
import { callerName } from '../caller-name.ts';
import { type Operation, operation } from '../operation.ts';
import type { SendContext } from './send-bulk-messages.ts';

export const stopped = z
  .object({ since: z.string(), by: z.string() })
  .nullable()
  .describe('Whether all sending is stopped, since when and by whom; null: it is not');

/** The switch that stops all sending at once. Whoever may call at all may stop; starting again is for people. */
export function stopOperations({ ledger, wake }: SendContext): Operation[] {
  return [
    operation({
      name: 'sends.stop_all',
      summary: 'Stops all sending at once, in all processes, until a person starts it again.',
      effect: 'stop',
      route: 'POST /stop',
      input: z.object({}),
      output: z.looseObject({ success, stopped, sends_paused: z.int(), next_step: z.string() }),
      async run(_, { caller }) {
        const stop = { since: new Date().toISOString(), by: callerName(caller) };
        const sends_paused = await ledger.write((tx) => stopAll(tx, stop));
        return {
          success: true as const,
          stopped: await findStop(ledger),
          sends_paused,
          next_step:
            'Nothing leaves any more; what a provider has in hand cannot be called back. A person starts it again, at the dashboard or with: tidings start-all.',
        };
      },
    }),

    operation({
      name: 'sends.start_all',
      summary: 'Lets sending go on after everything was stopped: sends go on as they were.',
      effect: 'approve',
      route: 'POST /start',
      input: z.object({}),
      output: z.looseObject({ success, stopped, sends_resumed: z.int() }),
      async run() {
        const sends_resumed = await ledger.write((tx) => startAll(tx, Date.now()));
        wake();
        return { success: true as const, stopped: null, sends_resumed };
      },
    }),
  ];
}
