import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { startSmtpServer } from '../../../../test/support/smtp-server.ts';
import { effectsOf } from '../../../core/deliveries/effects.ts';
import { parseMessage } from '../../../core/messages/content.ts';
import { DkimSigner } from '../dkim/signer.ts';
import { createSmtpSender } from './smtp-sender.ts';

const EMPTY = { name: null, email: null, phone: null, position: null, company: null, notes: null };

test('a message that cannot be signed does not leave, and its sender waits for a person', async () => {
  const sign = vi.spyOn(DkimSigner.prototype, 'sign').mockRejectedValue(new Error('the key signed nothing'));
  const server = await startSmtpServer();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const sender = createSmtpSender({
    url: server.url,
    from: 'news@shop.example',
    ratePerSecond: null,
    dkim: { domain: null, selector: 'tidings', privateKey: pem, privateKeyFile: null },
  });
  const text = { message: 'Hi', subject: 'Hi', format: 'text', from_name: null } as const;
  const outcome = await sender
    .prepare(parseMessage(text, 'email'))
    .deliver(
      { contact: 'ann@example.org', values: { lead: { ...EMPTY, metadata: {} }, site: { name: null } } },
      { deliveryId: 'd1', attemptId: 'd1.1', mayLeave: () => true },
    );
  await sender.close();
  await server.stop();
  sign.mockRestore();
  expect(server.messages).toEqual([]);
  expect(outcome).toMatchObject({ type: 'account', code: 'dkim_failed' });
  expect(effectsOf(outcome)).toMatchObject({ row: 'pending' });
});
