import type { Config } from './config.ts';
import { Access } from './core/access/access.ts';
import { OAuthServer } from './core/access/oauth/oauth-server.ts';
import type { PasswordCosts } from './core/access/password.ts';
import { SignIn } from './core/access/sign-in.ts';
import { CHANNEL_NAMES, type ChannelName } from './core/channel.ts';
import { type ContactLimit, prepareContactLimit } from './core/deliveries/contact-limit.ts';
import type { Sender } from './core/deliveries/sender.ts';
import type { Chore } from './core/dispatch/chore.ts';
import { Dispatcher } from './core/dispatch/dispatcher.ts';
import type { DispatcherControl } from './core/dispatch/dispatcher-control.ts';
import { canAsk, Doubts } from './core/dispatch/doubts.ts';
import { Farewells } from './core/dispatch/farewells.ts';
import { StopSwitch } from './core/dispatch/stop-switch.ts';
import { checked, DEFAULT_TIMING, type Timing } from './core/dispatch/timing.ts';
import { withCompanions } from './core/dispatch/with-companions.ts';
import type { ProviderEvent } from './core/events/event.ts';
import { EventFolder } from './core/events/event-folder.ts';
import type { EventSource } from './core/events/event-source.ts';
import { FreshChoices } from './core/events/fresh-choices.ts';
import { EventIntake } from './core/events/intake.ts';
import { releaseWaiting } from './core/sends/send.store.ts';
import { WHATSAPP_MARKETING } from './core/suppressions/suppression.ts';
import { TemplateKeeper } from './core/templates/keep-templates.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type OpeningOptions, openLedger } from './ledger/open-ledger.ts';
import { TimedLedger } from './ledger/timed-ledger.ts';
import type { Log } from './log/log.ts';
import { appOperations } from './operations/apps.ts';
import { audienceOperations } from './operations/audience.ts';
import { auditOperations } from './operations/audit.ts';
import { audited, withTrail } from './operations/audit-trail.ts';
import { channelOperations } from './operations/channels.ts';
import { eventOperations } from './operations/events.ts';
import { importOperations } from './operations/imports.ts';
import { keyOperations } from './operations/keys.ts';
import { leadOperations } from './operations/leads.ts';
import { outboxOperations } from './operations/outbox.ts';
import { personOperations } from './operations/person.ts';
import { draftOperations } from './operations/sends/drafts.ts';
import { previewSend } from './operations/sends/preview-send.ts';
import { sendBulkMessages } from './operations/sends/send-bulk-messages.ts';
import { sendOperations } from './operations/sends/sends.ts';
import { testSend } from './operations/sends/test-send.ts';
import { settingsOperations } from './operations/settings.ts';
import { suppressionOperations } from './operations/suppressions.ts';
import { templateReactions } from './operations/templates/event-reactions.ts';
import { lookAtLimits } from './operations/templates/keep-limits.ts';
import { templateOperations } from './operations/templates/templates.ts';
import { userOperations } from './operations/users.ts';
import { finishErasures } from './person/erase-person.ts';
import { restoreContact } from './person/forget-contact.ts';
import { BounceAddresses } from './providers/email/bounces/bounce-address.ts';
import type { BounceListener } from './providers/email/bounces/bounce-listener.ts';
import type { MailboxReader } from './providers/email/bounces/mailbox/mailbox-reader.ts';
import { ClickLinks } from './providers/email/clicks/click-links.ts';
import { Clicks } from './providers/email/clicks/clicks.ts';
import { readDeliverySecret } from './providers/email/delivery-secret.ts';
import { DeliveryTokens } from './providers/email/delivery-token.ts';
import { createEmailSources } from './providers/email/events/email-sources.ts';
import { identityOf } from './providers/email/identity-of.ts';
import type { EmailIdentity } from './providers/email/message/identity.ts';
import { parseEmailFrom } from './providers/email/smtp/settings.ts';
import { UnsubscribeLinks } from './providers/email/unsubscribe/links.ts';
import { Unsubscribes } from './providers/email/unsubscribe/unsubscribes.ts';
import { createOutbox } from './providers/sandbox/create-outbox.ts';
import type { SandboxNumber } from './providers/sandbox/sandbox-number.ts';
import { createSandboxSender, type SandboxPace } from './providers/sandbox/sandbox-sender.ts';
import { createWhatsAppEvents } from './providers/whatsapp/cloud/webhook/webhook-source.ts';
import { twilioSenderId } from './providers/whatsapp/twilio/settings.ts';
import { createTwilioEvents } from './providers/whatsapp/twilio/webhook/twilio-events.ts';
import type { Tidings } from './tidings.ts';
import type { EventForwarder } from './upkeep/forward/event-forwarder.ts';
import { createHealth } from './upkeep/health.ts';
import { housekeeping } from './upkeep/housekeeping.ts';
import { rulesOf } from './upkeep/rules-of.ts';

export interface HouseOptions extends OpeningOptions {
  /** Instead of those that the configuration names; a sandbox for each channel is there all the same. */
  readonly senders?: readonly Sender[];
  /** Gives the sandbox of WhatsApp windows and templates, as a number has them; without it everybody gets the text. */
  readonly sandboxNumber?: SandboxNumber;
  /** One more sandbox of email, for whoever asks for it by its id: slow enough to be watched. */
  readonly slowSandbox?: SandboxPace;
  /** For tests, which cannot wait as long. */
  readonly timing?: Timing;
  readonly passwordCosts?: PasswordCosts | undefined;
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
  const secret = await readDeliverySecret(ledger);
  const tokens = new DeliveryTokens(secret, 'unsubscribe');
  const local = new UnsubscribeLinks(homeOf(config), tokens, true);
  const links = config.publicUrl === null ? null : new UnsubscribeLinks(config.publicUrl, tokens);
  const clickLinks =
    config.publicUrl === null
      ? null
      : new ClickLinks(config.publicUrl, new DeliveryTokens(secret, 'click'), secret);
  const identity = identityOf(config, links, clickLinks);
  const mail = config.email ?? config.emailApi;
  const from = mail && parseEmailFrom(mail.from);
  const emailIdentity = { identity: { ...identity, links: links ?? local }, from };
  const sandbox = (channel: ChannelName, own?: SandboxPace) => {
    const number = channel === 'whatsapp' ? options.sandboxNumber : null;
    return createSandboxSender(channel, outbox, emailIdentity, number, own);
  };
  const named = options.senders ?? (await openSenders(config, identity, secret, log));
  const senders = withSandbox(named, sandbox);
  if (options.slowSandbox) senders.push(sandbox('email', options.slowSandbox));
  const choices = new FreshChoices();
  const farewells: Farewells[] = [];
  const folder = new EventFolder({
    ledger,
    log,
    reactions: templateReactions(senders),
    onFolded(folded) {
      choices.note(folded.choices);
      if (folded.choices.length > 0) for (const one of farewells) one.wake();
    },
  });
  const intake = new EventIntake(ledger, () => folder.wake());
  // A command is over before anything is left to do.
  const isRunning = (options.opening ?? 'migrate') === 'migrate';
  if (isRunning) folder.start();
  const forwarder = isRunning ? await openForwarder(config, ledger, log) : null;
  const wake = () => dispatcher.wake();
  const chores = [
    ...housekeeping(ledger, config),
    ['limits of accounts cannot be asked for', () => lookAtLimits(ledger, senders, wake)] as const,
  ];
  const stop = new StopSwitch(ledger, wake);
  const { dispatcher: sends, closeQueue } = await openDispatcher(config, {
    ledger,
    senders,
    siteName,
    contactLimit: config.maxPerContact,
    choices,
    stop,
    log,
    timing,
    chores,
  });
  const keepers = keepersOf(senders, ledger, log, wake);
  farewells.push(
    ...senders
      .filter(({ about }) => about.channel === 'whatsapp')
      .map((sender) => {
        const maySend = () =>
          sends.senders().some((one) => one.sender === sender.about.id && one.maySend) && stop.maySend();
        return new Farewells({ ledger, sender, language: config.whatsappLanguage, log, maySend });
      }),
  );
  const doubts = senders.filter(canAsk).map((sender) => {
    const maySend = () => sends.senders().some((one) => one.sender === sender.about.id && one.maySend);
    const take = (events: readonly ProviderEvent[]) => intake.take(events);
    return new Doubts({ ledger, sender, take, maySend, everyMs: timing.doubtMs, log });
  });
  const dispatcher = withCompanions(sends, [stop, ...keepers, ...farewells, ...doubts]);
  const called = audited(ledger);
  const dashboardUrl = (config.publicUrl ?? homeOf(config)).replace(/\/+$/, '');
  const sending = {
    ledger: called,
    senders,
    wake,
    siteName,
    templateLanguage: config.whatsappLanguage,
    contactLimit: config.maxPerContact,
    confirm: { policy: config.confirm, above: config.confirmAbove },
    dashboardUrl,
  };
  const access = new Access({ ledger, apiKey: config.apiKey, isReadOnly: config.isReadOnly });
  let listener: BounceListener | null = null;
  let mailbox: MailboxReader | null = null;
  const modeOf = (channel: ChannelName) => senders.find(({ about }) => about.channel === channel)!.about.mode;
  return {
    operations: [
      ...leadOperations({ ledger: called, defaultCountry, restoreContact }),
      ...importOperations({ ledger: called }),
      ...audienceOperations({ ledger: called }),
      sendBulkMessages(sending),
      previewSend({ ledger: called, senders, siteName, templateLanguage: config.whatsappLanguage }),
      testSend({ ledger: called, senders, siteName, defaultCountry, confirm: sending.confirm }),
      ...sendOperations(sending),
      ...draftOperations({ ledger: called, dashboardUrl }),
      ...eventOperations({ ledger: called, defaultCountry }),
      ...templateOperations({
        ledger: called,
        senders,
        templateLanguage: config.whatsappLanguage,
        look: async () => {
          for (const keeper of keepers) await keeper.look();
        },
      }),
      ...suppressionOperations({
        ledger: called,
        defaultCountry,
        log,
        onLifted: (contact, scope) =>
          choices.note([{ contact, isOut: false, isMarketing: scope === WHATSAPP_MARKETING }]),
      }),
      ...personOperations({ ledger: called, defaultCountry }),
      ...channelOperations({
        ledger,
        senders,
        dispatcher,
        emailFrom: mail?.from ?? null,
        check: async (channel) => (await import('./upkeep/doctor/doctor.ts')).checkWay(config, channel),
      }),
      ...settingsOperations(rulesOf(config, ledger.dialect)),
      ...outboxOperations(ledger),
      ...keyOperations({ ledger: called, access }),
      ...auditOperations({ ledger }),
      ...appOperations({ ledger: called, access }),
      ...userOperations({ ledger: called, access, dashboardUrl }),
    ].map((one) => withTrail(one, ledger)),
    access,
    apps: new OAuthServer(ledger, access),
    signIn: new SignIn(ledger, access, options.passwordCosts),
    modes: { email: modeOf('email'), whatsapp: modeOf('whatsapp') },
    dispatcher,
    health: createHealth(ledger, dispatcher),
    clicks: new Clicks({ ledger, links: clickLinks, log, onClicked: () => folder.wake() }),
    unsubscribes: new Unsubscribes({
      ledger,
      tokens,
      sender: siteName ?? from?.name ?? from?.domain ?? null,
      log,
      onLeft: () => folder.wake(),
      onUndone: (contacts) => choices.note(contacts.map((contact) => ({ contact, isOut: false }))),
    }),
    webhooks: {
      sources: [
        createWhatsAppEvents({
          ...config.whatsappWebhook,
          accessToken: config.whatsapp?.accessToken ?? null,
        }),
        ...twilioEvents(config),
        ...createEmailSources(config.emailWebhooks),
      ],
      take: (events) => intake.take(events),
    },
    async hearBounces() {
      listener = await openListener(config, intake, secret, log);
      mailbox = await openMailboxReader(config, { ledger, timing, secret, log, intake });
      mailbox?.start();
      return listener?.port ?? null;
    },
    async close() {
      await listener?.close();
      await mailbox?.stop();
      await dispatcher.stop();
      await folder.stop();
      await forwarder?.stop();
      for (const sender of senders) await sender.close();
      stop.close();
      await closeQueue();
      await access.close();
      // What was in flight when somebody was erased is not any more; the next process does what is left.
      await finishErasures(ledger, LAST_ERASURES_MS).catch((error: unknown) => {
        log.error({ err: error }, 'an erasure could not be finished; the next start goes on with it');
      });
      await ledger.close();
    },
  };
}

/** Of each account that has templates: who submits them and hears what became of them. */
function keepersOf(senders: readonly Sender[], ledger: Ledger, log: Log, wake: () => void): TemplateKeeper[] {
  return senders.flatMap(({ account, about: { id: sender } }) => {
    if (!account) return [];
    const changed = async () => {
      await ledger.write((tx) => releaseWaiting(tx, sender, 'template_approval'));
      wake();
    };
    return [new TemplateKeeper({ ledger, sender, registry: account.templates, log, changed })];
  });
}

/** Where a browser on this machine finds the server. */
function homeOf({ port }: Config): string {
  return `http://localhost:${port || 3000}`;
}

const LAST_ERASURES_MS = 2_000;
/** Where everybody who sends shares one database, work is handed out by its queue; on one machine a lease is enough. */
async function openDispatcher(
  { databaseUrl }: Config,
  parts: {
    ledger: Ledger;
    senders: readonly Sender[];
    siteName: string | null;
    contactLimit: ContactLimit | null;
    choices: FreshChoices;
    stop: StopSwitch;
    log: Log;
    timing: Timing;
    chores: readonly Chore[];
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
  { email, emailApi, bounces, whatsapp, twilio }: Config,
  identity: EmailIdentity,
  secret: Buffer,
  log: Log,
): Promise<Sender[]> {
  const senders: Sender[] = [];
  if (whatsapp) {
    const { createCloudSender } = await import('./providers/whatsapp/cloud/cloud-sender.ts');
    senders.push(createCloudSender(whatsapp));
  }
  if (twilio) {
    const { createTwilioSender } = await import('./providers/whatsapp/twilio/twilio-sender.ts');
    senders.push(createTwilioSender(twilio));
  }
  if (email) {
    const { createSmtpSender } = await import('./providers/email/smtp/smtp-sender.ts');
    const addresses = bounces ? new BounceAddresses(secret, bounces.domain) : undefined;
    senders.push(createSmtpSender({ ...email, bounces: addresses, identity, log }));
  }
  if (emailApi) {
    const { openApiSender } = await import('./providers/email/api/open-sender.ts');
    senders.push(await openApiSender(emailApi, identity));
  }
  return senders;
}

function twilioEvents({ twilio, publicUrl }: Config): EventSource[] {
  if (twilio === null) return [];
  return [createTwilioEvents({ ...twilio, senderId: twilioSenderId(twilio), publicUrl })];
}

/** Loaded where it is wanted. */
async function openForwarder(
  { eventsForward }: Config,
  ledger: Ledger,
  log: Log,
): Promise<EventForwarder | null> {
  if (eventsForward === null) return null;
  const { EventForwarder } = await import('./upkeep/forward/event-forwarder.ts');
  const forwarder = new EventForwarder({ ledger, log, ...eventsForward });
  forwarder.start();
  return forwarder;
}

/** Loaded where it listens, which most processes never do. */
async function openListener(
  { bounces }: Config,
  intake: EventIntake,
  secret: Buffer,
  log: Log,
): Promise<BounceListener | null> {
  if (!bounces?.listen) return null;
  const { listenForBounces } = await import('./providers/email/bounces/bounce-listener.ts');
  const { takeBounce } = await import('./providers/email/bounces/take-bounce.ts');
  const { host, port } = bounces.listen;
  return listenForBounces({
    host,
    port,
    addresses: new BounceAddresses(secret, bounces.domain),
    log,
    take: (token, raw) => takeBounce((events) => intake.take(events), log, token, raw),
  });
}

async function openMailboxReader(
  { bounceMailbox: access }: Config,
  { intake, ...parts }: { ledger: Ledger; timing: Timing; secret: Buffer; log: Log; intake: EventIntake },
): Promise<MailboxReader | null> {
  if (access === null) return null;
  const { MailboxReader, openMailbox } = await import('./providers/email/bounces/mailbox/mailbox-reader.ts');
  return new MailboxReader({ ...parts, access, open: openMailbox, take: (events) => intake.take(events) });
}

/** A sandbox is always there: beside a provider it is for rehearsals. */
function withSandbox(senders: readonly Sender[], create: (channel: ChannelName) => Sender): Sender[] {
  const missing = CHANNEL_NAMES.filter(
    (channel) => !senders.some(({ about }) => about.channel === channel && about.mode === 'sandbox'),
  );
  return [...senders, ...missing.map((channel) => create(channel))];
}
