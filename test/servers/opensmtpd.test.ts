import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { ServerRoot } from './support/server-root.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const opensmtpd = packageOf('opensmtpd', 'opensmtpd');

describe.skipIf(opensmtpd.isMissing)(`OpenSMTPD ${opensmtpd.version}`, () => {
  let store: Awaited<ReturnType<typeof startStore>>;
  let root: ServerRoot;
  let url: string;

  beforeAll(async () => {
    store = await startStore();
    root = new ServerRoot(opensmtpd);
    const port = await freePort();
    spoolFolders(root);
    root.write('etc/smtpd.conf', configuration(port, store.port));
    await root.start(port, '/usr/sbin/smtpd', '-d', '-f', '/etc/smtpd.conf');
    url = `smtp://127.0.0.1:${port}?tls=off`;
  });
  afterAll(async () => {
    await root?.stop();
    await store?.stop();
  });

  it('takes every message once, over sessions of at most 100 messages each', async () => {
    const what = `OpenSMTPD ${opensmtpd.version}`;
    expect(await send({ what, url, stored: store.stored, connections: 2 })).toMatchObject(wholly(300));
  });

  it('takes the others where every tenth recipient is refused', async () => {
    const what = 'OpenSMTPD, every 10th refused';
    const result = await send({ what, url, messages: 100, stored: store.stored, refuses: true });
    expect(result).toMatchObject(wholly(100, 10));
  });
});

function spoolFolders(root: ServerRoot): void {
  const spool = 'var/spool/smtpd';
  root.directory(spool, 'root', 0o711);
  root.directory(`${spool}/offline`, 'root', 0o770, 'opensmtpq');
  for (const name of ['purge', 'corrupt', 'queue', 'incoming', 'temporary']) {
    root.directory(`${spool}/${name}`, 'opensmtpq', 0o700, 'root');
  }
  root.directory('var/lib/opensmtpd/empty');
  root.directory('run/opensmtpd');
  root.directory('var/empty');
}

function configuration(port: number, storePort: number): string {
  return `listen on 127.0.0.1 port ${port} hostname mx.test
action store relay host smtp://127.0.0.1:${storePort}
match from any for rcpt-to regex "^no-" reject
match from any for any action store
`;
}
