import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { ServerRoot } from './support/server-root.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const exim = packageOf('exim', 'exim4-daemon-heavy');

const OPTIONS = {
  'as it comes': '',
  'without PIPELINING, CHUNKING, SMTPUTF8': `pipelining_advertise_hosts =
chunking_advertise_hosts =
smtputf8_advertise_hosts =
accept_8bitmime = false`,
  'at most 10 messages in a session': 'smtp_accept_max_per_connection = 10',
  'at most 2 sessions for a host': 'smtp_accept_max_per_host = 2',
} as const;

describe.skipIf(exim.isMissing).each(Object.entries(OPTIONS))(
  `Exim ${exim.version}, %s`,
  (words, options) => {
    let store: Awaited<ReturnType<typeof startStore>>;
    let root: ServerRoot;
    let url: string;

    beforeAll(async () => {
      store = await startStore();
      root = new ServerRoot(exim);
      const port = await freePort();
      for (const name of ['spool/exim4', 'log/exim4', 'lib/exim4']) {
        root.directory(`var/${name}`, 'Debian-exim', 0o750);
      }
      root.directory('run/exim4', 'Debian-exim', 0o750);
      root.write('etc/exim4/exim4.conf', configuration(port, store.port, options));
      await root.start(port, '/usr/sbin/exim4', '-bdf', '-q1m');
      url = `smtp://127.0.0.1:${port}?tls=off`;
    });
    afterAll(async () => {
      await root?.stop();
      await store?.stop();
    });

    it('takes every message once, and the others where every tenth recipient is refused', async () => {
      const what = `Exim ${exim.version}, ${words}`;
      const parts = { url, stored: store.stored };
      if (options === '') expect(await send({ what, ...parts })).toMatchObject(wholly(300));
      // It starts two processes for each message: fewer here.
      const refusing = { what: `${what}, every 10th refused`, ...parts, messages: 80, refuses: true };
      expect(await send(refusing)).toMatchObject(wholly(80, 8));
    });
  },
);

function configuration(port: number, storePort: number, options: string): string {
  return `primary_hostname = mx.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
never_users = root
log_file_path = /var/log/exim4/%slog
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
remote_max_parallel = 4
queue_run_max = 10
${options}
begin acl
check_recipient:
  deny condition = \${if match{$local_part}{^no-}}
       message = No such user here
  accept
check_data:
  accept
begin routers
store:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = store
begin transports
store:
  driver = smtp
  port = ${storePort}
  allow_localhost
  hosts_avoid_tls = *
begin retry
* * F,1h,5s
begin authenticators
`;
}
