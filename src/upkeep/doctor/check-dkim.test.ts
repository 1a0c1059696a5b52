import { generateKeyPairSync } from 'node:crypto';
import { expect, it, test } from 'vitest';
import { dkimRecord } from '../../providers/email/dkim/dkim-record.ts';
import { type DkimConfig, readDkimKeys } from '../../providers/email/dkim/dkim-settings.ts';
import { checkDkim, checkWayOut } from './check-dkim.ts';

const make = (modulusLength: number): DkimConfig => ({
  domain: null,
  selector: 'tidings',
  privateKey: generateKeyPairSync('rsa', { modulusLength })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
  privateKeyFile: null,
});
const OURS = make(2048);
const recordOf = (config: DkimConfig) => dkimRecord(readDkimKeys(config, 'shop.example')[0]!);
const { name, value, strings } = recordOf(OURS);
const telling = (texts: string[] | null) => ({ texts: async () => texts });
const none = telling([]);

test.each([
  ['as it was printed', [[...strings]], true, false, 'is that of the key that signs'],
  [
    'with other tags and spaces',
    [[`v=DKIM1;t=s; p=${value.split('p=')[1]!.replace(/(.{60})/g, '$1 ')}`]],
    true,
    false,
    '',
  ],
  ['beside a record of something else', [['v=spf1 -all'], [value]], true, false, ''],
  ['that of another key', [[recordOf(make(2048)).value]], false, false, 'another key'],
  ['taken back', [['v=DKIM1; p=']], false, false, 'taken back'],
  ['there twice', [[value], [value]], false, false, '2 records'],
  ['only a test', [[`${value}; t=y:s`]], true, true, 't=y'],
  ['something else', [['v=spf1 -all']], false, false, 'there is no record'],
])('a record that is %s', async (_, texts, ok, isWarning, detail) => {
  const asked: string[] = [];
  const [check] = await checkDkim(OURS, 'shop.example', {
    texts: async (at) => {
      asked.push(at);
      return texts.map((parts) => parts.join(''));
    },
  });
  expect(asked).toEqual([name]);
  expect(check).toMatchObject({ name: 'dkim', ok, detail: expect.stringContaining(detail) });
  expect(check!.isWarning === true).toBe(isWarning);
  if (!ok) expect(check!.fix).toContain(value);
});

it('a record that is not there is told with what to add; name servers that are silent are no fault', async () => {
  const [missing] = await checkDkim(OURS, 'shop.example', none);
  expect(missing).toMatchObject({ ok: false, fix: `Add a TXT record at ${name}: ${value}` });
  expect(await checkDkim(OURS, 'shop.example', telling(null))).toMatchObject([{ ok: null }]);
  expect(await checkDkim(null, 'shop.example', none)).toMatchObject([{ ok: null }]);
});

it('a short key works, and is warned of', async () => {
  const short = make(1024);
  const [check] = await checkDkim(short, 'shop.example', telling([recordOf(short).value]));
  expect(check).toMatchObject({ ok: true, isWarning: true, detail: expect.stringContaining('1024 bits') });
});

test.each([
  [null, 'x', true, 'no link to unsubscribe'],
  ['http://tidings.example', 'x', true, 'not https'],
  ['https://tidings.example', null, true, 'where the sender is'],
  ['https://tidings.example', 'x', false, 'by one click'],
])('with PUBLIC_URL %s and POSTAL_ADDRESS %s readers', (url, address, isWarning, detail) => {
  const check = checkWayOut(url, address);
  expect(check).toMatchObject({ ok: true, detail: expect.stringContaining(detail) });
  expect(check.isWarning === true).toBe(isWarning);
});
