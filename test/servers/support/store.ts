import { type RunningSmtpServer, startSmtpServer } from '../../support/smtp-server.ts';
import type { Stored } from './trial.ts';

/** Where a server under trial delivers what it took: an SMTP server of the test's own behind it. */
export async function startStore(refuses = false): Promise<RunningSmtpServer & { stored(): Stored[] }> {
  const server = await startSmtpServer({
    onRcpt: (address) => (refuses && address.startsWith('no-') ? '550 5.1.1 No such user here' : null),
  });
  return {
    ...server,
    stored: () =>
      server.messages.flatMap(({ to, raw }) => to.map((address) => ({ to: address, messageId: idOf(raw) }))),
  };
}

export function idOf(raw: string): string {
  return /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '';
}
