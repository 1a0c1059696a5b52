/** A way out in sixty lines: every message is posted to a web hook of your own. docs/contributing/adding-a-provider.md */
import { request } from 'undici';
import { type Outcome, type Sender, STALLED } from '../src/core/deliveries/sender.ts';
import { renderMergeText } from '../src/core/messages/merge-text.ts';
import { messageFor } from '../src/core/messages/message.ts';

/** Errors of which it is certain that nothing was written: everything else leaves a doubt. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

export function createHookSender(url: string): Sender {
  return {
    about: {
      id: `hook:${new URL(url).host}`,
      channel: 'whatsapp',
      provider: 'hook',
      mode: 'live',
      ratePerSecond: 50,
      windowSize: 20,
    },
    prepare(message) {
      const { body } = messageFor('whatsapp', message);
      return {
        async deliver({ contact, values }, { attemptId, mayLeave }) {
          const text = renderMergeText(body, values);
          if (!mayLeave()) return STALLED;
          return post(url, { to: contact, text, attempt: attemptId });
        },
        preview: ({ contact, values }) => ({
          from: null,
          to: contact,
          subject: null,
          text: renderMergeText(body, values),
        }),
      };
    },
    async close() {},
  };
}

async function post(url: string, message: object): Promise<Outcome> {
  const headers = { 'content-type': 'application/json' };
  try {
    const answer = await request(url, { method: 'POST', headers, body: JSON.stringify(message) });
    const text = await answer.body.text();
    return outcomeOf(answer.statusCode, text);
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? 'unknown_error');
    return NOT_SENT.has(code)
      ? { type: 'transient', scope: 'sender', code, message: 'The hook cannot be reached; nothing was sent.' }
      : { type: 'uncertain', code, message: 'The hook did not answer.' };
  }
}

function outcomeOf(status: number, text: string): Outcome {
  const code = `hook_${status}`;
  if (status === 200) return { type: 'accepted', providerMessageId: text.slice(0, 100) };
  if (status === 401) return { type: 'account', code, message: 'The hook did not accept the key.' };
  if (status === 404) return { type: 'permanent', code, message: 'The hook does not know this number.' };
  if (status === 429)
    return { type: 'throttled', scope: 'sender', code, message: 'The hook is called too fast.' };
  return { type: 'uncertain', code, message: `The hook failed with HTTP ${status}.` };
}
