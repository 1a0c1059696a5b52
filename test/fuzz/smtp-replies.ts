/** `smtp-replies.ts [COUNT] [SEED]`: mail servers that say anything at any step. Prints what must not be; a seed repeats it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { parseMergeText } from '../../src/core/messages/parse-merge-text.ts';
import { createSmtpSender } from '../../src/providers/email/smtp/smtp-sender.ts';
import { type Asked, RELAY_STEPS, type RelayStep, startHostileRelay } from '../support/hostile-relay.ts';

const USER = 'mailer@shop.example';
const PASSWORD = 'S3cret/Pw+of the relay';
const MESSAGES = 3;
const AT_ONCE = 16;
/** An outcome later than this never comes: the slowest way is a few of the timeouts below. */
const LIMIT_MS = 20_000;
const TIMEOUTS = { connectMs: 300, greetingMs: 100, silenceMs: 100, idleMs: 50 };

type Dice = (below: number) => number;

/** @returns a sentence for each thing that must not be: no outcome, a doubt without a byte sent, a secret that came back. */
export async function fuzzSmtpReplies(count: number, seed: number): Promise<string[]> {
  const faults: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const number = seed + next++;
      faults.push(...(await tryOne(number)).map((fault) => `seed ${number}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return faults;
}

async function tryOne(seed: number): Promise<string[]> {
  const dice = diceOf(seed);
  const pick = <T>(from: readonly T[]): T => from[dice(from.length)]!;
  const step: RelayStep = pick(RELAY_STEPS);
  const first = dice(MESSAGES);
  const isLasting = dice(2) === 0;
  const offers = ['PIPELINING', 'SMTPUTF8', '8BITMIME', 'SIZE 10000000'].filter(() => dice(3) > 0);
  if (step === 'STARTTLS') offers.push('STARTTLS');
  const hasLogin = step === 'AUTH' || dice(3) === 0;
  if (hasLogin) offers.push(`AUTH ${pick(['PLAIN', 'LOGIN', 'CRAM-MD5'])}`);
  const said: string[] = [];
  const relay = await startHostileRelay({
    offers,
    says(asked) {
      if (asked.step !== step || asked.before < first || (!isLasting && asked.before > first)) return;
      const words = anything(dice, asked);
      said.push(words.toString('latin1').slice(0, 200));
      return words;
    },
  });
  const login = hasLogin ? `${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}@` : '';
  const sender = createSmtpSender({
    url: relay.url.replace('//', `//${login}`),
    from: 'Shop <news@shop.example>',
    ratePerSecond: null,
    connections: 1 + dice(2),
    timeouts: TIMEOUTS,
  });
  const faults: string[] = [];
  const where = () => `${step} after ${first}${isLasting ? ' and on' : ''}, ${JSON.stringify(said)}: `;
  const letter = sender.prepare({
    channel: 'email',
    format: 'text',
    body: parseMergeText('Hello!'),
    subject: parseMergeText('Hello'),
    fromName: null,
  });
  const sendOne = async (at: number) => {
    const deliveryId = `f${seed}.${at}`;
    const attempt = { deliveryId, attemptId: `${deliveryId}.1`, mayLeave: () => true };
    const recipient = { contact: `lead${at}@example.com`, values: VALUES };
    const outcome = await Promise.race([
      letter.deliver(recipient, attempt),
      sleep(LIMIT_MS, null, UNREFERENCED),
    ]);
    if (outcome === null) return void faults.push(`${where()}no outcome`);
    const hasLeft = outcome.type === 'uncertain' || outcome.type === 'accepted';
    if (hasLeft && !(await eventually(() => relay.hasBegun(deliveryId))))
      faults.push(`${where()}${outcome.type}, and nothing came`);
    const secret = hasLogin && SECRETS.find((form) => JSON.stringify(outcome).includes(form));
    if (secret) faults.push(`${where()}"${secret}" is told: ${wordsOf(outcome)}`);
  };
  await Promise.all(Array.from({ length: MESSAGES }, (_, at) => sendOne(at)));
  await sender.close(200);
  await relay.stop();
  return faults;
}

const UNREFERENCED = { ref: false };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const SECRETS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  USER,
  ...[PASSWORD, USER, `\0${USER}\0${PASSWORD}`].map((text) => base64(text).slice(0, -3)),
];
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

function wordsOf(outcome: Outcome): string {
  return 'message' in outcome ? outcome.message : outcome.type;
}

const ALMOST = [
  '5e2 hi',
  '2e2-x\r\n550 y',
  '250',
  '25 0 ok',
  ' 250 ok',
  '-50 ok',
  '+50 ok',
  '1e3 ok',
  '0x2 ok',
  '999 ok',
  '100 ok',
  '600 ok',
  '٢٥٠ ok',
  '250_ok',
  '2500 ok',
  '250-first\r\n251 second',
  '250-first\r\n550 second',
  '250-first\r\nsecond',
  '250 \0',
  '\0\0\0',
  '250 \u001b[2J',
  '354 go on\r\n354 go on',
  '354 go on\r\nwhat?',
  '250 ok\r\n250 ok\r\n250 ok\r\n250 ok',
  '\r\n\r\n\r\n',
  '.',
  'HTTP/1.1 200 OK',
  'SSH-2.0-OpenSSH_9.2',
  '\x15\x03\x01\x00\x02\x02\x50',
  '421 4.7.0 too many messages on this connection',
  '452 4.5.3 too many messages',
  '503 5.5.1 Bad sequence of commands',
  '454 Throttling failure: Maximum sending rate exceeded.',
  '550 5.1.1 <"a b"@example.com>: User unknown',
];

function anything(dice: Dice, { line }: Asked): string | Buffer {
  const pick = <T>(from: readonly T[]): T => from[dice(from.length)]!;
  const code = 200 + dice(400);
  switch (dice(10)) {
    case 0:
      return Buffer.from(Array.from({ length: 1 + dice(400) }, () => dice(256)));
    case 1:
      return `${code} ${'x'.repeat(dice(3) * 5_000)}\r\n`;
    case 2:
      return `${`${code}-more\r\n`.repeat(1 + dice(2_000))}${code} end\r\n`;
    case 3:
      return `${code} ${code < 300 ? 2 : 5}.${dice(8)}.${dice(40)} word${dice(100)}\r\n`;
    case 4:
      // What sendmail says to commands that it does not know, and more than it says.
      return `500 5.5.1 Command unrecognized: "${line}" ${base64(`x${PASSWORD}`)} ${PASSWORD}\r\n`;
    case 5:
      return `${code}-5.5.1 ${line.slice(0, 18)}\r\n${code} 5.5.1 ${line.slice(18)} ${USER}\r\n`;
    case 6:
      return pick(['hang up', 'silence']);
    case 7:
      return pick(ALMOST);
    default:
      return `${pick(ALMOST)}\r\n`;
  }
}

async function eventually(isSo: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (isSo()) return true;
    await sleep(10);
  }
  return false;
}

/** Mulberry32: the same numbers for the same seed. */
function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

if (import.meta.main) {
  const [count = 2_000, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
  console.log(`${count} servers, seed ${seed}`);
  const faults = await fuzzSmtpReplies(count, seed);
  for (const fault of faults) console.log(fault);
  console.log(`${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
