import type { EmailApi } from '../api/api-sender.ts';
import { type Finding, looking, textOf } from '../api/look.ts';

/** GET /server and /message-streams/{stream}: whether the token is good, and who keeps the list of those who left. */
export function checkPostmark(api: EmailApi, stream: string): Promise<Finding[]> {
  return looking(api, async (look) => {
    const server = await look('/server');
    if (!server.ok) return [server.finding];
    const findings: Finding[] = [
      textOf(server.json, 'DeliveryType') === 'Sandbox'
        ? {
            about: 'account',
            ok: true,
            isWarning: true,
            detail: 'the server at Postmark is a sandbox: it takes messages and delivers none',
            fix: 'Take the token of a live server.',
          }
        : { about: 'account', ok: true, detail: 'the token may use the server' },
    ];
    const found = await look(`/message-streams/${encodeURIComponent(stream)}`);
    if (!found.ok)
      return [
        ...findings,
        {
          ...found.finding,
          about: 'stream',
          detail: `the server has no message stream "${stream}"`,
          fix: 'Correct POSTMARK_MESSAGE_STREAM.',
        },
      ];
    return [...findings, judgeStream(found.json)];
  });
}

function judgeStream(json: Readonly<Record<string, unknown>>): Finding {
  const type = textOf(json, 'MessageStreamType');
  if (type !== 'Broadcasts')
    return {
      about: 'stream',
      ok: true,
      isWarning: true,
      detail: 'the message stream is none for bulk mail, and Postmark wants bulk mail in one',
      fix: 'Set POSTMARK_MESSAGE_STREAM to a broadcast stream.',
    };
  const { UnsubscribeHandlingType } = (json['SubscriptionManagementConfiguration'] ?? {}) as {
    UnsubscribeHandlingType?: unknown;
  };
  if (UnsubscribeHandlingType === 'Custom')
    return { about: 'stream', ok: true, detail: 'the stream leaves unsubscribing to us' };
  return {
    about: 'stream',
    ok: true,
    isWarning: true,
    detail: 'Postmark puts its own link and header to unsubscribe into each message, in place of ours',
    fix: 'Have the webhook tell of subscription changes; or ask its support to let you manage unsubscribes.',
  };
}
