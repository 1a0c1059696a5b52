import type { Config } from './config.ts';
import { CHANNEL_NAMES, type ChannelName } from './core/channel.ts';
import { type ContactLimit, prepareContactLimit } from './core/deliveries/contact-limit.ts';
import type { Sender } from './core/deliveries/sender.ts';
import type { Chore } from './core/dispatch/chore.ts';
import { Dispatcher } from './core/dispatch/dispatcher.ts';
import type { DispatcherControl } from './core/dispatch/dispatcher-control.ts';
import { checked, DEFAULT_TIMING, type Timing } from './core/dispatch/timing.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type OpeningOptions, openLedger } from './ledger/open-ledger.ts';
import { TimedLedger } from './ledger/timed-ledger.ts';
import type { Log } from './log/log.ts';
import { audienceOperations } from './operations/audience.ts';
import { importOperations } from './operations/imports.ts';
import { leadOperations } from './operations/leads.ts';
import { outboxOperations } from './operations/outbox.ts';
import { personOperations } from './operations/person.ts';
import { sendBulkMessages } from './operations/sends/send-bulk-messages.ts';
import { sendOperations } from './operations/sends/sends.ts';
import { testSend } from './operations/sends/test-send.ts';
import { suppressionOperations } from './operations/suppressions.ts';
import { finishErasures } from './person/erase-person.ts';
import { restoreContact } from './person/forget-contact.ts';
import { removeOldTexts } from './person/retention.ts';
import { BounceAddresses } from './providers/email/bounces/bounce-address.ts';
import type { BounceListener } from './providers/email/bounces/bounce-listener.ts';
import { readBounceSecret } from './providers/email/bounces/bounce-secret.ts';
import { createOutbox } from './providers/sandbox/create-outbox.ts';
import { createSandboxSender, type Outbox } from './providers/sandbox/sandbox-sender.ts';
import type { Tidings } from './tidings.ts';
import { createHealth } from './upkeep/health.ts';

export interface HouseOptions extends OpeningOptions {
  /** Instead of those that the configuration names; a sandbox for each channel is there all the same. */
  readonly senders?: readonly Sender[];
  /** For tests, which cannot wait as long. */
  readonly timing?: Timing;
  /** What stands between everything here and the ledger. */
  readonly around?: (ledger: Ledger) => Ledger;
}

/** Puts the house together: the only file, with `main.ts`, that knows every room. */
export async function openTidings(config: Config, log: Log, options: HouseOptions = {}): Promise<Tidings> {
  const { around = (ledger) => ledger } = options;
  const timing = checked(options.timing ?? DEFAULT_TIMING);
  const ledger = new TimedLedger(around(await openLedger(config, options)));
  const { siteName, defaultCountry } = config;
  if (config.maxPerContact) await prepareContactLimit(ledger);
  const outbox = createOutbox(ledger);
  const senders = withSandbox(options.senders ?? (await openSenders(config, ledger, log)), outbox);
  const chores = housekeeping(ledger, config.retainMessagesDays);
  const { dispatcher, closeQueue } = await openDispatcher(config, {
    ledger,
    senders,
    siteName,
    contactLimit: config.maxPerContact,
    log,
    timing,
    chores,
  });
  const sending = {
    ledger,
    senders,
    wake: () => dispatcher.wake(),
    siteName,
    contactLimit: config.maxPerContact,
    needsToken: config.confirm === 'token',
  };
  let listener: BounceListener | null = null;
  const modeOf = (channel: ChannelName) => senders.find(({ about }) => about.channel === channel)!.about.mode;
  return {
    operations: [
      ...leadOperations({ ledger, defaultCountry, restoreContact }),
      ...importOperations({ ledger }),
      ...audienceOperations({ ledger }),
      sendBulkMessages(sending),
      testSend({ ledger, senders, siteName, defaultCountry }),
      ...sendOperations(sending),
      ...suppressionOperations({ ledger, defaultCountry, log }),
      ...personOperations({ ledger, defaultCountry }),
      ...outboxOperations(ledger),
    ],
    modes: { email: modeOf('email'), whatsapp: modeOf('whatsapp') },
    dispatcher,
    health: createHealth(ledger, dispatcher),
    async hearBounces() {
      listener = await openListener(config, ledger, log);
      return listener?.port ?? null;
    },
    async close() {
      await listener?.close();
      await dispatcher.stop();
      for (const sender of senders) await sender.close();
      await closeQueue();
      // What was in flight when somebody was erased is not any more; the next process does what is left.
      await finishErasures(ledger, LAST_ERASURES_MS).catch((error: unknown) => {
        log.error({ err: error }, 'an erasure could not be finished; the next start goes on with it');
      });
      await ledger.close();
    },
  };
}

const LAST_ERASURES_MS = 2_000;
const ERASURES_MS = 30_000;

function housekeeping(ledger: Ledger, retainDays: number | null): Chore[] {
  const chores: Chore[] = [['erasures cannot be finished', () => finishErasures(ledger, ERASURES_MS)]];
  if (retainDays !== null)
    chores.push(['old texts cannot be removed', () => removeOldTexts(ledger, retainDays, Date.now())]);
  return chores;
}

/** Where everybody who sends shares one database, work is handed out by its queue; on one machine a lease is enough. */
async function openDispatcher(
  { databaseUrl }: Config,
  parts: {
    ledger: Ledger;
    senders: readonly Sender[];
    siteName: string | null;
    contactLimit: ContactLimit | null;
    log: Log;
    timing: Timing;
    chores: Chore[];
  },
): Promise<{ dispatcher: DispatcherControl; closeQueue: () => Promise<void> }> {
  if (databaseUrl === null || parts.ledger.dialect === 'sqlite')
    return { dispatcher: new Dispatcher(parts), closeQueue: async () => {} };
  const { PgBossQueue } = await import('./queue/pg-boss-queue.ts');
  const { Worker } = await import('./core/dispatch/workers/worker.ts');
  const queue = new PgBossQueue(databaseUrl, parts.log);
  return { dispatcher: new Worker({ ...parts, queue }), closeQueue: () => queue.close() };
}

/** The usual one of each channel comes first. A provider is loaded when it is configured: an idle server carries no HTTP client that nobody asked for. */
async function openSenders(
  { email, bounces, whatsapp }: Config,
  ledger: Ledger,
  log: Log,
): Promise<Sender[]> {
  const senders: Sender[] = [];
  if (whatsapp) {
    const { createCloudSender } = await import('./providers/whatsapp/cloud/cloud-sender.ts');
    senders.push(createCloudSender(whatsapp));
  }
  if (email) {
    const { createSmtpSender } = await import('./providers/email/smtp/smtp-sender.ts');
    const addresses = bounces ? await bounceAddresses(bounces.domain, ledger) : undefined;
    senders.push(createSmtpSender({ ...email, bounces: addresses, log }));
  }
  return senders;
}

/** Loaded where it listens, which most processes never do. */
async function openListener({ bounces }: Config, ledger: Ledger, log: Log): Promise<BounceListener | null> {
  if (!bounces?.listen) return null;
  const { listenForBounces } = await import('./providers/email/bounces/bounce-listener.ts');
  const { takeBounce } = await import('./providers/email/bounces/take-bounce.ts');
  const { host, port } = bounces.listen;
  const take = (deliveryId: string, raw: Uint8Array) => takeBounce(ledger, log, deliveryId, raw);
  return listenForBounces({
    host,
    port,
    addresses: await bounceAddresses(bounces.domain, ledger),
    log,
    take,
  });
}

async function bounceAddresses(domain: string, ledger: Ledger): Promise<BounceAddresses> {
  return new BounceAddresses(await readBounceSecret(ledger), domain);
}

/** A sandbox is always there: beside a provider it is for rehearsals. */
function withSandbox(senders: readonly Sender[], outbox: Outbox): Sender[] {
  const missing = CHANNEL_NAMES.filter(
    (channel) => !senders.some(({ about }) => about.channel === channel && about.mode === 'sandbox'),
  );
  return [...senders, ...missing.map((channel) => createSandboxSender(channel, outbox))];
}
