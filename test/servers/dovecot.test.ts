import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { ServerRoot } from './support/server-root.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const dovecot = packageOf('dovecot', 'dovecot-submissiond');

/** Dovecot's submission service, with a login: it passes every command on to a relay while the client waits. */
describe.skipIf(dovecot.isMissing)(`Dovecot submission ${dovecot.version}`, () => {
  let store: Awaited<ReturnType<typeof startStore>>;
  let root: ServerRoot;
  let url: string;

  beforeAll(async () => {
    store = await startStore(true);
    root = new ServerRoot(dovecot);
    const port = await freePort();
    root.directory('var/mail', 'mail', 0o777);
    root.directory('var/lib/dovecot');
    root.directory('run/dovecot');
    root.write('etc/dovecot/dovecot.conf', configuration(port, store.port));
    await root.start(port, '/usr/sbin/dovecot', '-F', '-c', '/etc/dovecot/dovecot.conf');
    url = `smtp://news:secret@127.0.0.1:${port}?tls=off`;
  });
  afterAll(async () => {
    await root?.stop();
    await store?.stop();
  });

  it('takes every message once', async () => {
    const what = `Dovecot submission ${dovecot.version}, login`;
    expect(await send({ what, url, stored: store.stored })).toMatchObject(wholly(300));
  });

  it('takes the others where every tenth recipient is refused', async () => {
    const what = 'Dovecot submission, every 10th refused';
    const result = await send({ what, url, stored: store.stored, refuses: true });
    expect(result).toMatchObject(wholly(300, 30));
  });
});

function configuration(port: number, relayPort: number): string {
  return `protocols = submission
listen = 127.0.0.1
hostname = mx.test
ssl = no
disable_plaintext_auth = no
log_path = /dev/stderr
mail_location = maildir:/var/mail/%u
submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort}
submission_relay_trusted = no
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=8 gid=8 home=/var/mail/%u
}
first_valid_uid = 8
service submission-login {
  inet_listener submission {
    port = ${port}
  }
}
service stats {
  chroot =
}
`;
}
