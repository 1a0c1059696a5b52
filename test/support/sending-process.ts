/** A process that sends and does nothing else, for tests that kill it. */
import { readConfig } from '../../src/config.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { quiet } from './core.ts';

const tidings = await openTidings(readConfig(process.env), quiet);
tidings.dispatcher.start();
process.on('SIGTERM', async () => {
  const { inDoubt } = await tidings.dispatcher.stop();
  await tidings.close();
  process.exit(inDoubt);
});
process.stdout.write('ready\n');
setInterval(() => {}, 1_000);
