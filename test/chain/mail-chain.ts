import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../bench/support/sink.ts';
import type { Package } from '../servers/support/packages.ts';
import { masterCf, queueFolders } from '../servers/support/postfix.ts';
import { ServerRoot } from '../servers/support/server-root.ts';

/** Ten ways in which mail comes back; what an address begins with decides which one it takes. */
export const WAYS = {
  nobody: { domain: 'people.test', kind: 'hard' },
  nullmx: { domain: 'nullmx.test', kind: 'hard' },
  full: { domain: 'people.test', kind: 'soft' },
  disabled: { domain: 'people.test', kind: 'soft' },
  greylist: { domain: 'people.test', kind: 'soft' },
  policy: { domain: 'people.test', kind: 'sender' },
  blocked: { domain: 'people.test', kind: 'sender' },
  relay: { domain: 'elsewhere.test', kind: 'sender' },
  toolarge: { domain: 'small.test', kind: 'message' },
  content: { domain: 'strict.test', kind: 'message' },
} as const;
export type Way = keyof typeof WAYS;

const REFUSALS = `/^nobody-/ 550 5.1.1 User unknown in virtual mailbox table
/^full-/ 552 5.2.2 The mailbox of this user is full
/^disabled-/ 550 5.2.1 This account is disabled
/^greylist-/ 450 4.2.0 Greylisted, please try again later
/^policy-/ 554 5.7.1 Message refused by our policy
/^blocked-/ 550 5.7.1 Client host [192.0.2.7] blocked using dnsbl.example
`;
const MAIL = 8;

export interface MailChainOptions {
  readonly postfix: Package;
  readonly opendkim: Package;
  /** Where bounces are taken in. */
  readonly bouncePort: number;
  /** `NAME._domainkey.DOMAIN`, and its record. */
  readonly dkimRecord: { readonly name: string; readonly value: string };
}

/** A mail as it lies in its mailbox. */
export interface Delivered {
  readonly to: string;
  readonly raw: string;
}

/**
 * A relay, and the server of the recipients behind it: two Postfixes and an OpenDKIM that looks at what comes in. The relay
 * takes everything; what is refused behind it, comes back from there. One half of those who are nobody is taken by the
 * second server too, which finds out later and writes the bounce itself.
 */
export class MailChain {
  readonly relayPort: number;
  readonly #relay: ServerRoot;
  readonly #receiver: ServerRoot;
  readonly #verifier: ServerRoot;
  readonly #expired = new Set<string>();

  private constructor(relayPort: number, relay: ServerRoot, receiver: ServerRoot, verifier: ServerRoot) {
    this.relayPort = relayPort;
    this.#relay = relay;
    this.#receiver = receiver;
    this.#verifier = verifier;
  }

  static async start(options: MailChainOptions): Promise<MailChain> {
    const { postfix, opendkim, bouncePort } = options;
    const [relayPort, mx, late, small, strict, milter] = await Promise.all(
      Array.from({ length: 6 }, () => freePort()),
    );
    const verifier = new ServerRoot(opendkim);
    verifier.write('etc/opendkim.conf', verifierConf(milter!));
    // Nobody is of the house: what comes from this machine is looked at too.
    verifier.write('etc/nobody', '192.0.2.1\n');
    verifier.write('etc/keys', `${options.dkimRecord.name} ${options.dkimRecord.value}\n`);
    const receiver = postfixRoot(postfix, receiverCf(bouncePort, milter!), {
      mx: [mx!, ''],
      late: [late!, '-o smtpd_recipient_restrictions= -o smtpd_reject_unlisted_recipient=no'],
      small: [small!, '-o message_size_limit=1000'],
      strict: [strict!, '-o cleanup_service_name=strict'],
    });
    receiver.write('etc/postfix/refused', REFUSALS);
    receiver.write('etc/postfix/words', '/./ REJECT The content looks like spam\n');
    receiver.write('etc/postfix/mailboxes', '/^person-.*@people\\.test$/ all/\n');
    receiver.directory('var/mail/all', 'mail', 0o700);
    const relay = postfixRoot(postfix, relayCf(), { submission: [relayPort!, ''] });
    relay.write('etc/postfix/ways', waysOut(bouncePort, mx!, late!, small!, strict!));
    const chain = new MailChain(relayPort!, relay, receiver, verifier);
    try {
      await verifier.start(milter!, '/usr/sbin/opendkim', '-f', '-x', '/etc/opendkim.conf');
      await receiver.start(mx!, '/usr/lib/postfix/sbin/master', '-d', '-c', '/etc/postfix');
      await relay.start(relayPort!, '/usr/lib/postfix/sbin/master', '-d', '-c', '/etc/postfix');
    } catch (error) {
      await chain.stop();
      throw error;
    }
    return chain;
  }

  /** What has come to mailboxes. */
  delivered(): Delivered[] {
    const folder = join(this.#receiver.folder, 'var/mail/all/new');
    return readdirSync(folder).map((name) => {
      const raw = readFileSync(join(folder, name), 'latin1');
      return { raw, to: /^Delivered-To: (\S+)/im.exec(raw)?.[1] ?? '' };
    });
  }

  /** By address: the messages of ours that the relay has queued for it, by the log of the relay. */
  queuedFor(): Map<string, Set<string>> {
    const log = readLog(this.#relay);
    const ours = new Set([...log.matchAll(/ ([0-9A-Za-z]+): from=<b-[^>]+>/g)].map(([, id]) => id!));
    const people = new Map<string, Set<string>>();
    for (const [, id, to, original] of log.matchAll(
      / ([0-9A-Za-z]+): to=<([^>]+)>,(?: orig_to=<([^>]+)>,)?/g,
    )) {
      if (!ours.has(id!)) continue;
      const address = original ?? to!;
      people.set(address, (people.get(address) ?? new Set()).add(id!));
    }
    return people;
  }

  /** Messages of ours that the relay took. */
  taken(): number {
    return new Set([...readLog(this.#relay).matchAll(/ ([0-9A-Za-z]+): from=<b-[^>]+>/g)].map(([, id]) => id))
      .size;
  }

  /** Five days are over for what the relay has tried to bring to these addresses: it is tried once more, and goes back. */
  expire(addresses: readonly string[]): void {
    const queued = this.queuedFor();
    const all = addresses.flatMap((address) => [...(queued.get(address) ?? [])]);
    const ids = all.filter((id) => !this.#expired.has(id));
    if (ids.length === 0) return;
    for (const id of ids) this.#expired.add(id);
    const which = ids.flatMap((id) => ['-e', id]);
    this.#relay.run('/usr/sbin/postsuper', '-c', '/etc/postfix', ...which);
  }

  /** For a run that failed. */
  logs(): string {
    return [this.#relay, this.#receiver].map(readLog).join('\n\n') + this.#verifier.said();
  }

  async stop(): Promise<void> {
    for (const root of [this.#relay, this.#receiver, this.#verifier]) await root.stop();
  }
}

function readLog(root: ServerRoot): string {
  try {
    return readFileSync(join(root.folder, 'var/log/mail.log'), 'latin1');
  } catch {
    return '';
  }
}

function postfixRoot(
  postfix: Package,
  main: string,
  services: Readonly<Record<string, readonly [port: number, options: string]>>,
): ServerRoot {
  const root = new ServerRoot(postfix);
  queueFolders(root);
  root.write('etc/postfix/main.cf', main);
  const options = Object.fromEntries(Object.entries(services).map(([name, [, option]]) => [name, option]));
  const ports = new Map(Object.entries(services).map(([name, [port]]) => [name, port]));
  const strict = 'strict unix n - n - 0 cleanup -o body_checks=regexp:/etc/postfix/words\n';
  root.write('etc/postfix/master.cf', `${masterCf(options, ports)}virtual unix - n n - - virtual\n${strict}`);
  return root;
}

// Sooner than this, and a busy machine's queue manager finds a message still locked, and leaves it lying.
const COMMON = `compatibility_level = 3.6
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
mydestination =
alias_maps =
alias_database =
maillog_file = /var/log/mail.log
queue_run_delay = 2s
minimal_backoff_time = 4s
maximal_backoff_time = 4s
smtp_destination_concurrency_failed_cohort_limit = 0
default_destination_concurrency_failed_cohort_limit = 0
`;

function relayCf(): string {
  return `${COMMON}myhostname = relay.test
mynetworks = 127.0.0.0/8
transport_maps = regexp:/etc/postfix/ways
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = permit_mynetworks, reject
`;
}

function waysOut(bounces: number, mx: number, late: number, small: number, strict: number): string {
  return `/@bounces\\.shop\\.test$/ smtp:[127.0.0.1]:${bounces}
/^nobody-.*[02468]@people\\.test$/ smtp:[127.0.0.1]:${late}
/@(people|elsewhere)\\.test$/ smtp:[127.0.0.1]:${mx}
/@small\\.test$/ smtp:[127.0.0.1]:${small}
/@strict\\.test$/ smtp:[127.0.0.1]:${strict}
/@nullmx\\.test$/ error:5.1.10 Domain nullmx.test does not accept mail (nullMX)
`;
}

function receiverCf(bounces: number, milter: number): string {
  return `${COMMON}myhostname = mx.people.test
mynetworks = 192.0.2.0/24
virtual_mailbox_domains = people.test, small.test, strict.test
virtual_mailbox_base = /var/mail
virtual_mailbox_maps = regexp:/etc/postfix/mailboxes
virtual_minimum_uid = ${MAIL}
virtual_uid_maps = static:${MAIL}
virtual_gid_maps = static:${MAIL}
transport_maps = inline:{ { bounces.shop.test=smtp:[127.0.0.1]:${bounces} } }
smtpd_reject_unlisted_recipient = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access regexp:/etc/postfix/refused
smtpd_milters = inet:127.0.0.1:${milter}
milter_default_action = tempfail
smtpd_peername_lookup = no
`;
}

function verifierConf(port: number): string {
  return `Mode v
Socket inet:${port}@127.0.0.1
UserID root
AuthservID mx.people.test
AlwaysAddARHeader yes
TestPublicKeys /etc/keys
InternalHosts /etc/nobody
Syslog no
Background no
`;
}
