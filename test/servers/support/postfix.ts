import { freePort } from '../../../bench/support/sink.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/smtp-server.ts';
import type { Package } from './packages.ts';
import { ServerRoot } from './server-root.ts';

/** By name: the options of an smtpd, or of a postscreen before it, that listens on a port of its own. */
export type Services = Readonly<Record<string, string>>;

export class PostfixServer {
  readonly root: ServerRoot;
  readonly #ports: Map<string, number>;

  private constructor(root: ServerRoot, ports: Map<string, number>) {
    this.root = root;
    this.#ports = ports;
  }

  /** Takes mail for everybody at people.test except `no-…`, and passes it on to `storePort`. */
  static async start(postfix: Package, storePort: number, services: Services): Promise<PostfixServer> {
    const root = new ServerRoot(postfix);
    const ports = new Map<string, number>();
    for (const name of Object.keys(services)) ports.set(name, await freePort());
    queueFolders(root);
    root.write('etc/postfix/server.pem', TEST_KEY + TEST_CERTIFICATE, 0o600);
    root.write('etc/postfix/refused', '/^no-/ 550 5.1.1 No such user here\n');
    root.write('etc/postfix/main.cf', mainCf(storePort));
    root.write('etc/postfix/master.cf', masterCf(services, ports));
    await root.start([...ports.values()][0]!, '/usr/lib/postfix/sbin/master', '-d', '-c', '/etc/postfix');
    return new PostfixServer(root, ports);
  }

  url(service: string, login = ''): string {
    const tls = service === 'starttls' ? '' : '?tls=off';
    return `smtp://${login}127.0.0.1:${this.#ports.get(service)}${tls}`;
  }

  stop(): Promise<void> {
    return this.root.stop();
  }
}

export function queueFolders(root: ServerRoot): void {
  const queue = 'var/spool/postfix';
  root.directory(queue);
  for (const name of ['active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming']) {
    root.directory(`${queue}/${name}`, 'postfix', 0o700);
  }
  for (const name of ['private', 'saved', 'trace']) root.directory(`${queue}/${name}`, 'postfix', 0o700);
  root.directory(`${queue}/maildrop`, 'postfix', 0o730, 'postdrop');
  root.directory(`${queue}/public`, 'postfix', 0o710, 'postdrop');
  root.directory(`${queue}/pid`);
  root.directory('var/lib/postfix', 'postfix', 0o700);
}

function mainCf(storePort: number): string {
  return `compatibility_level = 3.6
myhostname = mx.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:${storePort}
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
smtputf8_enable = yes
maillog_file = /var/log/mail.log
smtpd_recipient_restrictions = check_recipient_access regexp:/etc/postfix/refused, permit_mynetworks, reject
smtpd_tls_chain_files = /etc/postfix/server.pem
smtpd_tls_security_level = none
`;
}

export function masterCf(services: Services, ports: Map<string, number>): string {
  const smtpd = [...ports].map(([name, port]) => {
    const program = name === 'postscreen' ? '1 postscreen' : '- smtpd';
    return `127.0.0.1:${port} inet n - n - ${program} ${services[name]}`;
  });
  return `${smtpd.join('\n')}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
smtpd pass - - n - - smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
postlog unix-dgram n - n - 1 postlogd
`;
}
