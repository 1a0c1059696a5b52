import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { parseMergeText } from '../src/core/messages/parse-merge-text.ts';
import { createLog } from '../src/log/create-log.ts';
import { openTidings } from '../src/open-tidings.ts';
import { runOperation } from '../src/operations/run-operation.ts';
import { createSmtpSender } from '../src/providers/email/smtp/smtp-sender.ts';
import { doctor } from '../src/upkeep/doctor/doctor.ts';
import { CALLER } from './support/caller.ts';
import { freshFolder, removeFolder } from './support/core.ts';
import {
  type HostileRelay,
  RELAY_STEPS,
  type RelayStep,
  startHostileRelay,
} from './support/hostile-relay.ts';

const USER = 'mailer@shop.example';
const PASSWORD = 'S3cretPw/1+';
const base64 = (text: string) => Buffer.from(text).toString('base64');
/** Whatever stands before and behind a secret in base64, these letters of it are the same. */
const FORMS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  USER,
  encodeURIComponent(USER),
  base64(`\0${USER}\0${PASSWORD}`).slice(0, -4),
  base64(PASSWORD).slice(0, -4),
  base64(USER).slice(0, -4),
];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Echoes, at one step, that line and everything that was said before. */
async function echoingRelay(at: RelayStep, mechanism: string): Promise<HostileRelay & { secretUrl: string }> {
  const heard: string[] = [];
  const relay = await startHostileRelay({
    offers: ['PIPELINING', `AUTH ${mechanism}`],
    says({ step, line }) {
      if (line !== '') heard.push(line);
      if (step !== at) return;
      const all = [...heard, PASSWORD, `user ${USER}`].join(' ');
      return `500-5.5.1 Command unrecognized: "${line}"\r\n500 5.5.1 ${all}\r\n`;
    },
  });
  closing.push(() => relay.stop());
  const login = `${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}`;
  return { ...relay, secretUrl: relay.url.replace('//', `//${login}@`) };
}

const tellsNothing = (told: string) => {
  expect(FORMS.filter((form) => told.includes(form))).toEqual([]);
};

describe.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])('a relay that echoes what it is told (%s)', (mechanism) => {
  it.each(RELAY_STEPS)(
    'at %s brings no secret into an outcome, and none into what the doctor says',
    async (step) => {
      const relay = await echoingRelay(step, mechanism);
      const sender = createSmtpSender({
        url: relay.secretUrl,
        from: 'Shop <news@shop.example>',
        ratePerSecond: null,
        connections: 1,
        timeouts: { greetingMs: 500, silenceMs: 500, idleMs: 50 },
      });
      closing.push(() => sender.close(100));
      const letter = sender.prepare({
        channel: 'email',
        format: 'text',
        body: parseMergeText('Hello'),
        subject: parseMergeText('Hello'),
        fromName: null,
      });
      const recipient = { contact: 'ann@example.com', values: VALUES };
      const attempt = { deliveryId: 'd', attemptId: 'd.1', mayLeave: () => true };
      tellsNothing(JSON.stringify(await letter.deliver(recipient, attempt)));
      const folder = freshFolder();
      closing.push(() => removeFolder(folder));
      const { checks } = await doctor({
        TIDINGS_DATA_DIR: folder,
        SMTP_URL: relay.secretUrl,
        EMAIL_FROM: 'a@localhost.invalid',
      });
      tellsNothing(JSON.stringify(checks));
    },
  );
});

it('nor into the answer of a send, its deliveries, or a line of the log', async () => {
  for (const step of ['AUTH', 'RCPT', 'dot'] as const) {
    const relay = await echoingRelay(step, 'PLAIN');
    let lines = '';
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines += chunk;
        done();
      },
    });
    const folder = freshFolder();
    const env = {
      TIDINGS_DATA_DIR: folder,
      SMTP_URL: relay.secretUrl,
      EMAIL_FROM: 'Shop <news@shop.example>',
    };
    const tidings = await openTidings(readConfig(env), createLog('debug', sink));
    closing.push(async () => {
      await tidings.close();
      removeFolder(folder);
    });
    // biome-ignore lint/suspicious/noExplicitAny: each operation has its own input and output
    const call = (name: string, input: object): Promise<any> => {
      const operation = tidings.operations.find((one) => one.name === name)!;
      return runOperation(operation, input, CALLER);
    };
    tidings.dispatcher.start();
    await call('leads.import', { leads: [{ email: 'ann@example.com' }] });
    const { audience_id } = await call('audience.create', { name: 'all' });
    const message = { audience_id, channel: 'email', message: 'Hi', subject: 'Hi', max_wait_seconds: 2 };
    const answer = await call('sendBulkMessages', message);
    const deliveries = await call('sends.deliveries', { send_id: answer.send_id });
    tellsNothing(JSON.stringify([answer, deliveries]));
    tellsNothing(lines);
    expect(lines).toContain('smtp_500_5.5.1');
  }
});

const VALUES = {
  lead: {
    name: 'Ann',
    email: null,
    phone: null,
    position: null,
    company: null,
    notes: null,
    metadata: {},
  },
  site: { name: null },
};
