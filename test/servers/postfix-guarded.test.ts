import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, listening } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { PostfixServer } from './support/postfix.ts';
import { ServerRoot } from './support/server-root.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const postfix = packageOf('postfix', 'postfix');
const dovecot = packageOf('dovecot', 'dovecot-core');
const postgrey = packageOf('postgrey', 'postgrey');
const hasPerl = spawnSync('perl', ['-v']).status === 0;
if (!postgrey.isMissing && !hasPerl) console.warn('SKIPPED, nothing is tried on postgrey: no perl.');

const REFUSED = 'check_recipient_access,regexp:/etc/postfix/refused';

/** What stands before a Postfix on the open internet. */
describe.skipIf(postfix.isMissing)(`Postfix ${postfix.version}, guarded`, () => {
  let store: Awaited<ReturnType<typeof startStore>>;
  let server: PostfixServer;
  let logins: ServerRoot | null = null;
  let greylist: { port: number; stop(): void } | null = null;

  beforeAll(async () => {
    store = await startStore();
    const loginPort = await freePort();
    if (!dovecot.isMissing) logins = await startLogins(loginPort);
    if (!postgrey.isMissing && hasPerl) greylist = await startPostgrey();
    server = await PostfixServer.start(postfix, store.port, {
      sasl: `-o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot -o smtpd_sasl_path=inet:127.0.0.1:${loginPort} -o smtpd_recipient_restrictions=${REFUSED},permit_sasl_authenticated,reject`,
      postscreen: '-o postscreen_access_list= -o postscreen_greet_action=enforce',
      'few-messages': '-o smtpd_client_message_rate_limit=50 -o smtpd_client_event_limit_exceptions=',
      'few-sessions': '-o smtpd_client_connection_count_limit=2 -o smtpd_client_event_limit_exceptions=',
      'few-errors': '-o smtpd_hard_error_limit=3 -o smtpd_soft_error_limit=20',
      greylist: `-o smtpd_soft_error_limit=1000 -o smtpd_hard_error_limit=1001 -o smtpd_recipient_restrictions=${REFUSED},check_policy_service,inet:127.0.0.1:${greylist?.port},permit_mynetworks,reject`,
    });
  });
  afterAll(async () => {
    await server?.stop();
    await logins?.stop();
    greylist?.stop();
    await store?.stop();
  });

  it.skipIf(dovecot.isMissing)('with a login takes every message once', async () => {
    const url = server.url('sasl', 'news:secret@');
    const what = `Postfix ${postfix.version}, SASL login (Dovecot)`;
    const result = await send({ what, url, messages: 100, refuses: true, stored: store.stored });
    expect(result).toMatchObject(wholly(100, 10));
  });

  it('behind postscreen, which greets after six seconds, takes every message once', async () => {
    const what = 'Postfix behind postscreen (greets after 6 s)';
    const result = await send({ what, url: server.url('postscreen'), stored: store.stored });
    expect(result).toMatchObject(wholly(300));
  });

  it('that lets a client have two sessions takes every message once', async () => {
    const what = 'Postfix, at most 2 sessions for a client';
    const parts = { messages: 100, connections: 10, stored: store.stored };
    expect(await send({ what, url: server.url('few-sessions'), ...parts })).toMatchObject(wholly(100));
  });

  it('that hangs up after three errors takes all who are not refused', async () => {
    const what = 'Postfix, hangs up after 3 errors, every 10th refused';
    const result = await send({ what, url: server.url('few-errors'), stored: store.stored, refuses: true });
    expect(result).toMatchObject(wholly(300, 30));
  });

  it('that takes 50 messages a minute leaves the others pending, and calls none unknown', async () => {
    const what = 'Postfix, at most 50 messages a minute (after 5 s)';
    const parts = { messages: 100, waitSeconds: 5, stored: store.stored };
    const result = await send({ what, url: server.url('few-messages'), ...parts });
    expect(result).toMatchObject({ failed: 0, unknown: 0, twice: 0, stored: result.sent });
    expect(result.sent).toBeGreaterThanOrEqual(50);
  });

  it.skipIf(postgrey.isMissing || !hasPerl)(
    'with greylisting puts everybody off, and takes every message once when it is tried again',
    async () => {
      const what = `Postfix with postgrey ${postgrey.version} (tried again after 5 minutes and more)`;
      const parts = { messages: 40, againAfterMs: 400_000, waitSeconds: 1, stored: store.stored };
      expect(await send({ what, url: server.url('greylist'), ...parts })).toMatchObject(wholly(40));
    },
  );
});

/** Dovecot as the one who knows the passwords. */
async function startLogins(port: number): Promise<ServerRoot> {
  const root = new ServerRoot(dovecot);
  root.directory('run/dovecot');
  root.directory('var/lib/dovecot');
  root.write(
    'etc/dovecot/dovecot.conf',
    `protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
log_path = /dev/stderr
passdb {
  driver = static
  args = password=secret
}
service stats {
  chroot =
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = ${port}
  }
}
`,
  );
  await root.start(port, '/usr/sbin/dovecot', '-F', '-c', '/etc/dovecot/dovecot.conf');
  return root;
}

async function startPostgrey() {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-postgrey-'));
  cpSync(postgrey.folder, folder, { recursive: true });
  chmodSync(folder, 0o755);
  const states = mkdtempSync(join(tmpdir(), 'tidings-postgrey-states-'));
  chmodSync(states, 0o777);
  const port = await freePort();
  const libraries = ['usr/share/perl5', ...perlArchFolders(folder)].map((path) => `-I${join(folder, path)}`);
  const options = [`--inet=127.0.0.1:${port}`, '--user=nobody', '--group=nogroup', `--dbdir=${states}`];
  const lists = ['--whitelist-clients=/dev/null', '--whitelist-recipients=/dev/null'];
  const child = spawn(
    'perl',
    [
      '-T',
      ...libraries,
      join(folder, 'usr/sbin/postgrey'),
      ...options,
      ...lists,
      '--delay=1',
      '--auto-whitelist-clients=0',
    ],
    { stdio: 'ignore' },
  );
  await listening(child, port);
  return {
    port,
    stop() {
      child.kill('SIGKILL');
      for (const one of [folder, states]) rmSync(one, { recursive: true, force: true });
    },
  };
}

function perlArchFolders(folder: string): string[] {
  const found = spawnSync('find', [
    join(folder, 'usr/lib'),
    '-path',
    '*/perl5/*',
    '-maxdepth',
    '3',
    '-type',
    'd',
  ]);
  return String(found.stdout)
    .split('\n')
    .filter(Boolean)
    .map((path) => path.slice(folder.length + 1));
}
