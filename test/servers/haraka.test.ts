import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, listening } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const haraka = packageOf('haraka', 'Haraka', false);

describe.skipIf(haraka.isMissing)(`Haraka ${haraka.version}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-haraka-'));
  let store: Awaited<ReturnType<typeof startStore>>;
  let stop: () => void;
  let url: string;

  beforeAll(async () => {
    store = await startStore();
    const port = await freePort();
    configure(folder, port, store.port);
    const program = join(haraka.folder, 'node_modules/Haraka/bin/haraka');
    const child = spawn(process.execPath, [program, '-c', folder], { stdio: 'ignore' });
    stop = () => void child.kill('SIGKILL');
    await listening(child, port);
    url = `smtp://127.0.0.1:${port}?tls=off`;
  });
  afterAll(async () => {
    stop?.();
    await store?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes every message once', async () => {
    const what = `Haraka ${haraka.version}`;
    expect(await send({ what, url, stored: store.stored, connections: 20 })).toMatchObject(wholly(300));
  });

  it('takes the others where every tenth recipient is refused', async () => {
    const result = await send({
      what: 'Haraka, every 10th refused',
      url,
      stored: store.stored,
      refuses: true,
      messages: 100,
      connections: 20,
    });
    expect(result).toMatchObject(wholly(100, 10));
  });
});

/** Its own plugins, and one of ours that refuses `no-…`; what it takes goes to `storePort`. */
function configure(folder: string, port: number, storePort: number): void {
  const files = {
    'config/smtp.ini': `listen=127.0.0.1:${port}\nnodes=0\n`,
    'config/me': 'mx.test\n',
    'config/plugins': 'refuse_some\nqueue/smtp_forward\n',
    'config/loglevel': 'LOGERROR\n',
    'config/smtp_forward.ini': `host=127.0.0.1\nport=${storePort}\n`,
    'plugins/refuse_some.js':
      "exports.hook_rcpt = (next, connection, [rcpt]) => rcpt.user.startsWith('no-') ? next(DENY, 'No such user here') : next(OK);\n",
  };
  cpSync(join(haraka.folder, 'node_modules/Haraka/config'), join(folder, 'config'), { recursive: true });
  for (const name of ['plugins', 'queue']) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
