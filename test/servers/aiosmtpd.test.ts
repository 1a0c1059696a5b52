import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, listening } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { send, wholly } from './support/trial.ts';

const aiosmtpd = packageOf('aiosmtpd', 'python3-aiosmtpd', false);
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!aiosmtpd.isMissing && !hasPython) console.warn('SKIPPED, nothing is tried on aiosmtpd: no python3.');

describe.skipIf(aiosmtpd.isMissing || !hasPython)(`aiosmtpd ${aiosmtpd.version}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-aiosmtpd-'));
  const kept = join(folder, 'kept');
  const stops: (() => void)[] = [];

  async function start(...options: string[]): Promise<string> {
    const port = await freePort();
    const handler = ['-c', 'aiosmtpd-handler.Keep', kept];
    const child = spawn(
      'python3',
      ['-m', 'aiosmtpd', '-n', '-l', `127.0.0.1:${port}`, ...options, ...handler],
      {
        env: {
          PATH: process.env['PATH'],
          PYTHONPATH: [join(aiosmtpd.folder, 'usr/lib/python3/dist-packages'), import.meta.dirname].join(':'),
          PYTHONDONTWRITEBYTECODE: '1',
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    stops.push(() => void child.kill('SIGKILL'));
    await listening(child, port);
    return `smtp://127.0.0.1:${port}?tls=off`;
  }

  const stored = () =>
    (existsSync(kept) ? readFileSync(kept, 'utf8').split('\n').filter(Boolean) : []).map((line) => {
      const [to, messageId] = line.split(' ');
      return { to: to!, messageId: messageId! };
    });

  let url: string;
  beforeAll(async () => {
    url = await start('-u');
  });
  afterAll(() => {
    for (const stop of stops) stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes every message once', async () => {
    const what = `aiosmtpd ${aiosmtpd.version}`;
    expect(await send({ what, url, stored, international: true })).toMatchObject(wholly(300));
  });

  it('takes the others where every tenth recipient is refused', async () => {
    const what = 'aiosmtpd, every 10th refused';
    expect(await send({ what, url, stored, refuses: true })).toMatchObject(wholly(300, 30));
  });

  it('without SMTPUTF8 skips the mailboxes beyond ASCII', async () => {
    const plain = await start();
    const what = 'aiosmtpd, without SMTPUTF8';
    const result = await send({ what, url: plain, stored, messages: 100, international: true });
    expect(result).toMatchObject({ sent: 90, skipped: 10, unknown: 0, remaining: 0, stored: 90, twice: 0 });
  });
});
