import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort, listening } from '../../bench/support/sink.ts';
import { packageOf } from './support/packages.ts';
import { send, wholly } from './support/trial.ts';

const maildev = packageOf('maildev', 'maildev', false);

/** It refuses nobody: it shows developers what was sent. */
describe.skipIf(maildev.isMissing)(`maildev ${maildev.version}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-maildev-'));
  const stops: (() => void)[] = [];
  afterAll(() => {
    for (const stop of stops) stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(...options: string[]) {
    const [smtp, web] = [await freePort(), await freePort()];
    const at = ['--ip', '127.0.0.1', '-s', String(smtp), '--web-ip', '127.0.0.1', '-w', String(web)];
    const program = join(maildev.folder, 'node_modules/.bin/maildev');
    const child = spawn(
      program,
      [...at, '--mail-directory', join(folder, String(smtp)), '--silent', ...options],
      { stdio: 'ignore' },
    );
    stops.push(() => void child.kill('SIGKILL'));
    await listening(child, smtp);
    return { url: `smtp://127.0.0.1:${smtp}?tls=off`, stored: () => shown(web) };
  }

  it.each([
    ['as it comes', []],
    ['without PIPELINING and 8BITMIME', ['--hide-extensions', 'PIPELINING,8BITMIME']],
  ] as const)('shows every message once (%s)', async (words, options) => {
    const server = await start(...options);
    const result = await send({ what: `maildev ${maildev.version}, ${words}`, ...server });
    expect(result).toMatchObject(wholly(300));
  });
});

interface Shown {
  readonly headers: { readonly 'message-id': string };
  readonly envelope: { readonly to: readonly { readonly address: string }[] };
}

async function shown(port: number) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/email`);
  const emails = (await answer.json()) as Shown[];
  return emails.flatMap(({ envelope, headers }) =>
    envelope.to.map(({ address }) => ({ to: address, messageId: headers['message-id'] })),
  );
}
