import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { parseMergeText } from '../../src/core/messages/parse-merge-text.ts';
import { createCloudSender } from '../../src/providers/whatsapp/cloud/cloud-sender.ts';

const TOKEN = 'EAAGcanaryOfTheFuzzer';
const AT_ONCE = 8;
const TIMEOUT_MS = 300;
/** The slowest way is a few of the timeouts above. */
const LIMIT_MS = 20_000;
const VALUES = {
  lead: { name: 'Ann', email: null, phone: null, position: null, company: null, notes: null, metadata: {} },
  site: { name: null },
};

/** What is written to the line in answer to one request, and whether it is closed after that. */
interface Said {
  readonly bytes: string;
  readonly isOver: boolean;
}

/**
 * An API for WhatsApp that answers with anything, or with almost what it should.
 * @returns a sentence for each message without an outcome, each secret that came back, each "accepted" without a message id.
 */
export async function fuzzProvider(count: number, seed: number): Promise<string[]> {
  const script = fc.sample(anySaid(), { numRuns: count, seed });
  const faults: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const at = next++;
      const fault = await tryOne(script[at]!);
      if (fault)
        faults.push(
          `seed ${seed}, answer ${at}, ${JSON.stringify(script[at]!.bytes).slice(0, 300)}: ${fault}`,
        );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return faults;
}

async function tryOne(said: Said): Promise<string | null> {
  const lines = new Set<Socket>();
  const server = createServer((line) => {
    lines.add(line);
    line.on('error', () => {}).on('close', () => lines.delete(line));
    line.once('data', () =>
      said.isOver ? line.end(said.bytes, 'latin1') : line.write(said.bytes, 'latin1'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sender = createCloudSender({
    phoneNumberId: '1234567890',
    accessToken: TOKEN,
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ratePerSecond: null,
    timeoutMs: TIMEOUT_MS,
  });
  try {
    const letter = sender.prepare({ channel: 'whatsapp', body: parseMergeText('Hello!') });
    const attempt = { deliveryId: 'f.1', attemptId: 'f.1.1', mayLeave: () => true };
    const outcome = await Promise.race([
      letter.deliver({ contact: '+5215512345678', values: VALUES }, attempt),
      sleep(LIMIT_MS, null, { ref: false }),
    ]);
    return outcome === null ? 'no outcome' : faultOf(outcome, said);
  } catch (error) {
    return `it threw: ${(error as Error).message}`;
  } finally {
    await sender.close(0);
    for (const line of lines) line.destroy();
    server.close();
  }
}

function faultOf(outcome: Outcome, { bytes }: Said): string | null {
  if (JSON.stringify(outcome).includes(TOKEN)) return 'the token is told';
  if (outcome.type === 'accepted' && !bytes.startsWith('HTTP/1.1 200'))
    return 'accepted, and the answer was no 200';
  return null;
}

function anySaid(): fc.Arbitrary<Said> {
  const status = fc.oneof(fc.constantFrom(200, 200, 400, 401, 429, 500, 503, 301, 100, 204), fc.nat(999));
  const header = fc.oneof(
    fc.constantFrom(
      'Content-Type: application/json',
      'Retry-After: 1e20',
      'Retry-After: -5',
      'Retry-After: soon',
      'Location: http://127.0.0.1:1/',
      'Content-Encoding: gzip',
      'Transfer-Encoding: chunked',
      'Content-Length: 7',
      'Content-Length: 99999',
    ),
    fc.string({ maxLength: 60 }),
  );
  const code = fc.oneof(
    { arbitrary: fc.constantFrom(190, 130429, 131026, 131056, 368, 4, 80007), weight: 4 },
    fc.jsonValue(),
  );
  const words = fc.oneof(
    { arbitrary: fc.constant(`Bad token ${TOKEN} of +5215512345678`), weight: 3 },
    fc.string({ unit: 'binary' }),
    fc.jsonValue(),
  );
  const body = fc.oneof(
    fc.record({
      error: fc.record(
        {
          code,
          message: words,
          error_data: fc.oneof(fc.record({ details: words }), fc.jsonValue()),
          fbtrace_id: words,
        },
        { requiredKeys: [] },
      ),
    }),
    fc.record(
      {
        messages: fc.oneof(
          fc.array(fc.record({ id: fc.oneof(fc.constant('wamid.x'), fc.jsonValue()) }, { requiredKeys: [] })),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue({ maxDepth: 12 }),
  );
  const texts = fc.oneof(
    { arbitrary: body.map((value) => JSON.stringify(value)), weight: 4 },
    fc.string({ unit: 'binary' }),
    fc.nat(400).map((depth) => '['.repeat(depth)),
  );
  const answer = fc
    .tuple(status, fc.oneof(fc.constant([]), fc.array(header, { maxLength: 4 })), texts, fc.boolean())
    .map(([number, headers, text, isWhole]) => {
      const sized = isWhole ? [...headers, `Content-Length: ${Buffer.byteLength(text, 'latin1')}`] : headers;
      return `${[`HTTP/1.1 ${number} x`, ...sized].join('\r\n')}\r\n\r\n${text}`;
    });
  const noise = fc.string({ unit: 'binary', maxLength: 200 });
  const bytes = fc.oneof(
    { arbitrary: answer, weight: 6 },
    { arbitrary: noise, weight: 1 },
    {
      arbitrary: fc.tuple(answer, fc.nat(60)).map(([text, cut]) => text.slice(0, text.length - cut)),
      weight: 2,
    },
  );
  return fc.record({ bytes, isOver: fc.boolean() });
}
