import { vi } from 'vitest';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { createCloudSender } from '../../src/providers/whatsapp/cloud/cloud-sender.ts';
import { AUTHOR } from './caller.ts';
import { CloudAccount } from './cloud-account.ts';
import { startCloudApi } from './cloud-api-server.ts';
import { openCore, removeFolder } from './core.ts';
import { FakeSender } from './fake-sender.ts';
import { providerEvent } from './provider-event.ts';

const NAMES = [
  'Zoë Pérez',
  'Li Wei',
  'Ana Ruiz',
  'Bo Dahl',
  'Cy Yılmaz',
  'Eva Sol',
  'Iñaki Etxea',
  'Ulf Öst',
];
const TEMPLATES = [
  ['primavera', 'APPROVED'],
  ['otono', 'PENDING'],
  ['invierno', 'REJECTED'],
] as const;

/** What is called so here in every language: names, what people wrote, and what has no translation. */
export const INVENTED: ReadonlySet<string> = new Set(
  [
    ...NAMES,
    ...TEMPLATES.map(([name]) => name),
    'Tidings WhatsApp CSV SQLite Shop Mexico City fake test Maite Etxea Zuzendari Berezia azoka urrea plan jendea csv',
    'Guztiak Kaixo zure hemen saria Zirriborroa Eskerrik asko Laguntzailea dago nombre correo unsubscribed berria',
    'denda eginda bihar etenda utzita galdera zain hautsi geldi',
  ].flatMap((text) => text.match(/\p{L}+/gu) ?? []),
);

/**
 * A house in which every list has something and every kind of send is there: one that runs, is done, scheduled, paused,
 * broken, cancelled, waits for a template, and for a person.
 */
export async function openFilledHouse() {
  const account = new CloudAccount();
  for (const [name, status] of TEMPLATES)
    account.add({
      ...{ name, language: 'es_MX', status },
      components: [{ type: 'BODY', text: 'Kaixo {{1}}, zure {{2}} hemen.' }],
    });
  const cloud = await startCloudApi({ account });
  const mail = new FakeSender('email');
  const core = await openCore([
    mail,
    createCloudSender({
      ...{ phoneNumberId: '2001', accessToken: 'token-of-the-test', apiUrl: cloud.url, ratePerSecond: null },
      ...{ businessAccountId: '1001', appId: '3001' },
    }),
  ]);
  const { call } = core;

  await call('leads.import', {
    file_name: 'jendea.csv',
    leads: NAMES.map((name, at) => ({
      ...{ name, phone: `+52551234560${at}`, company: 'Etxea', position: 'Zuzendari', notes: 'Berezia' },
      ...{ origin: 'azoka', tags: ['urrea'], metadata: { plan: 'urrea' } },
      ...(at > 0 && { email: `${at === 3 ? 'itzuli' : `p${at}`}@example.com` }),
    })),
  });
  await call('suppressions.add', { channel: 'email', contact: 'p2@example.com' });
  await call('suppressions.add', { channel: 'whatsapp', contact: '+525512345601' });
  const { audience_id } = await call('audience.create', { name: 'Guztiak' });
  const write = (campaign: string, more: object = {}, context: object = {}) =>
    call(
      'sendBulkMessages',
      {
        ...{ audience_id, channel: 'email', campaign, subject: campaign, max_wait_seconds: 0 },
        ...{ message: `<p>Kaixo {{lead.name}}, ${campaign}</p>`, allow_repeat: true, ...more },
      },
      context,
    );
  const until = (send_id: string, what: (send: Record<string, unknown>) => boolean) =>
    vi.waitUntil(async () => what(await call('sends.get', { send_id })), { timeout: 20_000, interval: 50 });

  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  mail.answer = async ({ contact, text }) => {
    if (text.includes('geldi')) await held;
    if (text.includes('hautsi'))
      return { type: 'account', code: 'smtp_535', message: 'The relay refused the login.' };
    if (contact.startsWith('itzuli'))
      return {
        type: 'permanent',
        code: 'smtp_550',
        message: 'There is no such mailbox.',
        said: '550 ez dago',
      };
    if (contact.startsWith('p4'))
      return { type: 'uncertain', code: 'outcome_unknown', message: 'The line broke.' };
    return undefined;
  };

  core.dispatcher.start();
  const done = await write('eginda');
  await until(done.send_id, ({ state }) => state === 'completed');
  await write('bihar', { schedule_at: new Date(Date.now() + 86_400_000).toISOString() });
  for (const [campaign, end] of [
    ['etenda', 'sends.pause'],
    ['utzita', 'sends.cancel'],
  ] as const) {
    const { send_id } = await write(campaign, {
      schedule_at: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await call(end, { send_id });
  }
  const asked = await write('galdera', {}, { caller: { principal: AUTHOR } });
  await call('templates.sync', {});
  const { send_id: waiting } = await write('zain', {
    ...{ channel: 'whatsapp', subject: undefined, message: 'Kaixo Zoë' },
    ...{
      template: { name: 'otono', language: 'es_MX' },
      template_values: { 1: '{{lead.first_name}}', 2: 'saria' },
    },
  });
  await until(waiting, ({ waiting_for }) => (waiting_for as unknown[]).length > 0);

  const attemptId = mail.accepted[0]!.attemptId;
  const said = { sender: 'fake:email', attemptId, contact: mail.accepted[0]!.contact };
  await core.webhooks.take(
    (['delivered', 'replied', 'bounced', 'complained', 'unsubscribed', 'clicked'] as const).map((type) =>
      providerEvent({
        key: type,
        type,
        ...said,
        ...(type === 'replied' && { detail: { text: 'Eskerrik asko' } }),
      }),
    ),
  );
  await vi.waitFor(async () => {
    if (await anyUnfolded(core.ledger)) throw new Error('not yet told');
  }, 20_000);

  const broken = await write('hautsi');
  await until(broken.send_id, ({ state }) => state === 'paused');
  await call('keys.create', { name: 'denda', role: 'author' });
  const { draft_id: mailDraft } = await call('drafts.save', {
    ...{
      audience_id,
      channel: 'email',
      subject: 'Zirriborroa '.repeat(8),
      message: '<h1>Kaixo {{lead.name}}</h1>',
    },
  });
  const { draft_id: chatDraft } = await call('drafts.save', {
    ...{ audience_id, channel: 'whatsapp', language: 'es_MX', message: 'Kaixo' },
    ...{ template: { name: 'otono' }, template_values: { 1: '{{lead.first_name}}', 2: 'saria' } },
  });
  const running = await write('geldi');
  await until(running.send_id, ({ in_flight }) => (in_flight as number) > 0);
  const { leads } = await call('leads.list', { search: 'Li Wei' });
  const client = await core.tidings.apps.register({
    name: 'Laguntzailea',
    redirectUris: ['http://127.0.0.1/'],
  });
  const connect = new URLSearchParams({
    ...{ client_id: client.id, redirect_uri: 'http://127.0.0.1/', response_type: 'code', state: 'x' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', scope: 'viewer operator' },
  });
  return {
    ...core,
    oauthServer: { issuer: 'http://127.0.0.1', audience: 'http://127.0.0.1/mcp' },
    connect: `/connect?${connect}`,
    ids: {
      ...{ audience: audience_id, mail: mailDraft, chat: chatDraft, lead: leads[0].id, asked: asked.send_id },
      ...{ done: done.send_id, broken: broken.send_id, running: running.send_id, waiting },
    },
    async close() {
      letGo();
      await core.close();
      await cloud.stop();
      removeFolder(core.folder);
    },
  };
}
