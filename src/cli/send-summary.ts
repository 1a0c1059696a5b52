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
export function showResult(result: Result, output: Output, reasons = ''): string {
  const { send_id, channel, campaign, state } = result;
  const mode = result['mode'] === 'sandbox' ? 'sandbox: nothing left this machine' : result['mode'];
  const about =
    send_id === undefined ? { channel, campaign, mode } : { send_id, channel, campaign, state, mode };
  const parts = [fields(about), showTotals(result, output)];
  if (reasons !== '') parts.push(reasons);
  if (state === 'scheduled')
    parts.unshift(output.colors.green(`Scheduled for ${showStart(result)}. Nothing is sent before.`));
  if (result['approval']) parts.unshift(output.colors.yellow(showWaiting(result)));
  if (result['template']) parts.push(showTemplate(result['template'] as Result));
  if (result['notice']) parts.push(oneLine(String(result['notice'])));
  if (result['error']) parts.push(output.colors.red(oneLine(String(result['error']))));
  if (result['provider_said']) parts.push(`The provider said: ${oneLine(String(result['provider_said']))}`);
  return [...parts, oneLine(String(result['next_step']))].join('\n\n');
}

/** By which template it reaches who did not write lately. */
function showTemplate({ name, language, category, status, text, changes }: Result): string {
  const notes = ((changes as string[] | undefined) ?? []).map((one) => `\n${oneLine(one)}`).join('');
  const head = `Template ${name} (${language}, ${category}): ${status}`;
  return `${oneLine(head)}\n${visible(String(text ?? ''))}${notes}`;
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

/** The result of `send --preview` for people. */
export function showMessageOf(shown: Result): string {
  const { from, to, name, subject, missing } = shown;
  const lacks = missing as string[];
  return [
    fields({ ...(from !== null && { from }), to: to ?? 'nobody: this lead has no such contact', name }),
    [
      ...(subject === null ? [] : [`Subject: ${oneLine(String(subject))}`]),
      visible(String(shown['text'])),
    ].join('\n'),
    ...(shown['template'] ? [showPreviewed(shown['template'] as Result)] : []),
    ...(lacks.length > 0 ? [oneLine(`This lead has nothing for ${lacks.join(', ')}.`)] : []),
    ...(shown['warnings'] as string[]).map(oneLine),
  ].join('\n\n');
}

function showPreviewed(one: Result): string {
  const header = one['header'] as Result | null;
  const lines = [header?.['text'], one['body'], one['footer']].filter((part) => part != null && part !== '');
  const buttons = (one['buttons'] as Result[]).map(({ text }) => `[ ${text} ]`);
  return [
    oneLine(`By the template ${one['name']}, ${one['language']}, ${one['category']}, ${one['status']}:`),
    ...[...lines, ...buttons].map((part) => visible(String(part))),
    ...(one['faults'] as string[]).map(oneLine),
  ].join('\n');
}

/** That a person has to approve it, and how. */
export function showWaiting(send: Result): string {
  const { code, recipients, expires_at } = send['approval'] as Result;
  const approve = `tidings sends approve ${code} --count ${recipients}`;
  return oneLine(`Waits for approval until ${expires_at}: ${approve}, or tidings sends reject ${code}`);
}

/** The result of `send --dry-run` for people. */
export function showForecast(result: Result, output: Output): string {
  return [
    ...showLook(result, output),
    ...(result['notice'] ? [oneLine(String(result['notice']))] : []),
    `Nothing was sent. To send exactly this, give in place of --dry-run:\n  --confirm ${oneLine(String(result['confirm']))}`,
  ].join('\n\n');
}

/** Whom a call would reach, and with what. */
export function showLook(result: Result, output: Output): string[] {
  const { channel, sender, would_send, percent_this_week } = result;
  const mode = result['mode'] === 'sandbox' ? 'sandbox: nothing would leave this machine' : result['mode'];
  const skips = Object.entries((result['skips'] ?? {}) as Record<string, number>);
  const seconds = (result['estimate'] as { seconds: number | null } | undefined)?.seconds ?? null;
  const ways = result['by_way'] as Record<string, number> | undefined;
  const samples = ((result['samples'] ?? []) as Result[]).map(({ to, subject, text, way }) =>
    [
      `To ${oneLine(String(to))}${way ? ` by ${oneLine(String(way))}` : ''}`,
      ...(subject ? [`Subject: ${oneLine(String(subject))}`] : []),
      visible(String(text)),
    ].join('\n'),
  );
  return [
    fields({
      ...{ channel, sender, mode, would_send },
      ...(ways && { by_text: ways['text'], by_template: ways['template'] }),
      ...(seconds !== null && { seconds }),
      ...(percent_this_week ? { had_a_message_this_week: `${percent_this_week} %` } : {}),
    }),
    showTotals(result, output),
    ...(skips.length > 0 ? [output.table(['skipped for', 'leads'], skips)] : []),
    ...(result['template'] ? [showTemplate(result['template'] as Result)] : []),
    ...samples,
    ...((result['warnings'] ?? []) as string[]).map(oneLine),
  ];
}
