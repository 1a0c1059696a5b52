import { parentPort, workerData } from 'node:worker_threads';
import type { DkimKey } from './dkim-settings.ts';
import { dkimSignatures } from './sign.ts';

/** In the order of the messages; null: it cannot be signed. */
export type Signatures = readonly (string | null)[];

/** Runs in a thread of its own, for `DkimSigner`: signs some messages. */
parentPort!.on('message', (messages: readonly string[]) => {
  const nowMs = Date.now();
  const signatures: Signatures = messages.map((message) => {
    try {
      return dkimSignatures(message, workerData as DkimKey[], nowMs);
    } catch {
      return null;
    }
  });
  parentPort!.postMessage(signatures);
});
