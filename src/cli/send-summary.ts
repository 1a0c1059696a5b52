import { oneLine, visible } from '../visible.ts';
import type { Result } from './context.ts';
import type { Output } from './output.ts';
import { showStart } from './start-time.ts';
import { fields, percent } from './table.ts';

const TOTALS = [
  ['sent', 'total_sent'],
  ['failed', 'total_failed'],
  ['skipped', 'total_skipped'],
  ['remaining', 'total_remaining'],
  ['in audience', 'total_in_audience'],
] as const;

/** The counts of a send, one a line, with their shares. */
export function showTotals(send: Result, output: Output): string {
  const whole = Number(send['total_in_audience']);
  const header = ['', 'leads', 'share'];
  const rows = TOTALS.map(([name, key]) => [name, Number(send[key]), percent(Number(send[key]), whole)]);
  const unknown = Number(send['total_unknown'] ?? 0);
  const doubt = unknown > 0 ? `\nOf the failed, nobody can know whether ${unknown} arrived.` : '';
  return output.table(header, rows) + doubt;
}

/** The result of `send` for people. */
export function showResult(result: Result, output: Output): string {
  const { send_id, channel, campaign, state } = result;
  const mode = result['mode'] === 'sandbox' ? 'sandbox: nothing left this machine' : result['mode'];
  const about =
    send_id === undefined ? { channel, campaign, mode } : { send_id, channel, campaign, state, mode };
  const parts = [fields(about), showTotals(result, output)];
  if (state === 'scheduled')
    parts.unshift(output.colors.green(`Scheduled for ${showStart(result)}. Nothing is sent before.`));
  if (result['notice']) parts.push(oneLine(String(result['notice'])));
  if (result['error']) parts.push(output.colors.red(oneLine(String(result['error']))));
  if (result['provider_said']) parts.push(`The provider said: ${oneLine(String(result['provider_said']))}`);
  return [...parts, oneLine(String(result['next_step']))].join('\n\n');
}

/** The result of `send --test-to` for people. */
export function showTest(result: Result): string {
  const { lead_id, sender } = result;
  const mode = result['mode'] === 'sandbox' ? 'sandbox: nothing left this machine' : result['mode'];
  const messages = (result['messages'] as Result[]).map(({ to, status, error, repeated, provider_said }) =>
    oneLine(
      `${to}: ${status}${repeated ? ' a moment ago; not sent again' : ''}${error ? `: ${error}` : ''}` +
        `${provider_said ? ` The provider said: ${provider_said}` : ''}`,
    ),
  );
  const subject = typeof result['subject'] === 'string' ? [`Subject: ${oneLine(result['subject'])}`] : [];
  const text = [...subject, visible(String(result['text']))].join('\n');
  const warnings = (result['warnings'] as string[]).map(oneLine);
  return [fields({ lead_id, sender, mode }), text, ...warnings, messages.join('\n')].join('\n\n');
}

/** The result of `send --dry-run` for people. */
export function showForecast(result: Result, output: Output): string {
  const { channel, sender, would_send, confirm } = result;
  const mode = result['mode'] === 'sandbox' ? 'sandbox: nothing would leave this machine' : result['mode'];
  const skips = Object.entries(result['skips'] as Record<string, number>);
  const seconds = (result['estimate'] as { seconds: number | null }).seconds;
  const samples = (result['samples'] as Result[]).map(({ to, subject, text }) =>
    [
      `To ${oneLine(String(to))}`,
      ...(subject ? [`Subject: ${oneLine(String(subject))}`] : []),
      visible(String(text)),
    ].join('\n'),
  );
  return [
    fields({ channel, sender, mode, would_send, ...(seconds !== null && { seconds }) }),
    showTotals(result, output),
    ...(skips.length > 0 ? [output.table(['skipped for', 'leads'], skips)] : []),
    ...samples,
    ...(result['warnings'] as string[]).map(oneLine),
    ...(result['notice'] ? [oneLine(String(result['notice']))] : []),
    `Nothing was sent. To send exactly this, give in place of --dry-run:\n  --confirm ${oneLine(String(confirm))}`,
  ].join('\n\n');
}
