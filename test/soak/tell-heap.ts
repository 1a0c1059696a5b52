/** Loaded before the server: collects all garbage when asked, and says what is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('message', async (asked) => {
  // What a finalizer lets go of is garbage only for the next round.
  for (let round = 0; round < 4; round++) {
    collect();
    await sleep(20);
  }
  const { heapUsed, rss } = process.memoryUsage();
  process.send!(asked === 'held' ? { heapUsed, rss } : heapUsed);
});
