import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { ServerRoot } from './support/server-root.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const sendmail = packageOf('sendmail', 'sendmail-bin');

describe.skipIf(sendmail.isMissing)(`sendmail ${sendmail.version}`, () => {
  let store: Awaited<ReturnType<typeof startStore>>;
  let root: ServerRoot;
  let url: string;

  beforeAll(async () => {
    store = await startStore();
    root = new ServerRoot(sendmail);
    const port = await freePort();
    root.directory('var/spool/mqueue', 'root', 0o700);
    root.write('etc/mail/local-host-names', '');
    root.write('etc/mail/refused', 'no-\n');
    root.write('etc/mail/sendmail.cf', compiled(root, macros(port, store.port)));
    await root.start(port, '/usr/libexec/sendmail/sendmail', '-bD', '-q1m', '-C/etc/mail/sendmail.cf');
    url = `smtp://127.0.0.1:${port}?tls=off`;
  });
  afterAll(async () => {
    await root?.stop();
    await store?.stop();
  });

  it('takes every message once', async () => {
    const what = `sendmail ${sendmail.version}`;
    const result = await send({ what, url, messages: 150, stored: store.stored });
    expect(result).toMatchObject(wholly(150));
  });

  it('takes the others where every tenth recipient is refused', async () => {
    const what = 'sendmail, every 10th refused';
    const result = await send({ what, url, messages: 150, stored: store.stored, refuses: true });
    expect(result).toMatchObject(wholly(150, 15));
  });
});

/** sendmail's own macros make its configuration. */
function compiled(root: ServerRoot, mc: string): string {
  const cf = join(root.folder, 'usr/share/sendmail/cf/');
  return execFileSync(join(root.folder, 'usr/bin/m4'), [`-D_CF_DIR_=${cf}`, `${cf}m4/cf.m4`, '-'], {
    input: mc,
    encoding: 'utf8',
  });
}

function macros(port: number, storePort: number): string {
  return `divert(0)dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mx.test')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confDONT_BLAME_SENDMAIL', \`GroupWritableDirPathSafe')dnl
define(\`confPID_FILE', \`/run/sendmail.pid')dnl
define(\`STATUS_FILE', \`/dev/null')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl
define(\`RELAY_MAILER_ARGS', \`TCP $h ${storePort}')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`promiscuous_relay')dnl
FEATURE(\`nocanonify')dnl
DAEMON_OPTIONS(\`Family=inet, Name=MTA, Port=${port}, Addr=127.0.0.1')dnl
MAILER(\`smtp')dnl
LOCAL_CONFIG
Krefused regex -a@MATCH ^<?no-
LOCAL_RULESETS
SLocal_check_rcpt
R$*	$: $1 $| $( refused $1 $)
R$* $| $*@MATCH	$#error $@ 5.1.1 $: "550 No such user here"
R$* $| $*	$1
`;
}
