import { freePort } from '../../../bench/support/sink.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/smtp-server.ts';
import type { Package } from './packages.ts';
import { ServerRoot } from './server-root.ts';

/** Services of one Postfix, each on a port of its own with its own options. */
const SERVICES = {
  plain: '',
  'no-pipelining': '-o smtpd_discard_ehlo_keywords=pipelining',
  'no-utf8': '-o smtpd_discard_ehlo_keywords=smtputf8',
  'no-8bit': '-o smtpd_discard_ehlo_keywords=8bitmime,smtputf8',
  'no-chunking': '-o smtpd_discard_ehlo_keywords=chunking',
  bare: '-o smtpd_discard_ehlo_keywords=pipelining,8bitmime,smtputf8,chunking,size,dsn,enhancedstatuscodes',
  starttls: '-o smtpd_tls_security_level=encrypt',
} as const;

export type PostfixService = keyof typeof SERVICES;

export class PostfixServer {
  readonly root: ServerRoot;
  readonly #ports: Map<PostfixService, number>;

  private constructor(root: ServerRoot, ports: Map<PostfixService, number>) {
    this.root = root;
    this.#ports = ports;
  }

  /** Takes mail for everybody at people.test except `no-…`, and passes it on to `storePort`. */
  static async start(postfix: Package, storePort: number, more = ''): Promise<PostfixServer> {
    const root = new ServerRoot(postfix);
    const ports = new Map<PostfixService, number>();
    for (const name of Object.keys(SERVICES) as PostfixService[]) ports.set(name, await freePort());
    queueFolders(root);
    root.write('etc/postfix/server.pem', TEST_KEY + TEST_CERTIFICATE, 0o600);
    root.write('etc/postfix/refused', '/^no-/ 550 5.1.1 No such user here\n');
    root.write('etc/postfix/main.cf', mainCf(storePort) + more);
    root.write('etc/postfix/master.cf', masterCf(ports));
    await root.start(ports.get('plain')!, '/usr/lib/postfix/sbin/master', '-d', '-c', '/etc/postfix');
    return new PostfixServer(root, ports);
  }

  url(service: PostfixService): string {
    const tls = service === 'starttls' ? '' : '?tls=off';
    return `smtp://127.0.0.1:${this.#ports.get(service)}${tls}`;
  }

  stop(): Promise<void> {
    return this.root.stop();
  }
}

function queueFolders(root: ServerRoot): void {
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

function masterCf(ports: Map<PostfixService, number>): string {
  const smtpd = [...ports].map(([name, port]) => `127.0.0.1:${port} inet n - n - - smtpd ${SERVICES[name]}`);
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
postlog unix-dgram n - n - 1 postlogd
`;
}
