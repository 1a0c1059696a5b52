import type { Command } from 'commander';
import { count, counted } from '../amounts.ts';
import { oneLine } from '../visible.ts';
import {
  answer,
  jsonOption,
  more,
  number,
  type Options,
  pageOptions,
  type Result,
  type Run,
} from './context.ts';
import { duration } from './duration.ts';
import { exportFile } from './export-file.ts';
import type { Output } from './output.ts';
import { showForecast, showLook, showTotals, showWaiting } from './send-summary.ts';
import { showStart } from './start-time.ts';
import { fields } from './table.ts';

const SPELLING = { send_id: '<send>', audience_id: '--audience' };
const APPROVAL_SPELLING = { code: '<code>', count: '--count', reason: '--reason' };
const VERBS = {
  pause: 'hold a running or scheduled send; what is in flight is finished',
  cancel: 'stop a send for good; leads not reached stay pending',
} as const;

export function addSendsCommands(program: Command, run: Run): void {
  const sends = program.command('sends').description('what is being sent and was sent');

  jsonOption(pageOptions(sends.command('list'), 'sends'))
    .description('list sends, newest first')
    .option('--audience <id>', 'only of this audience')
    .option('--state <state>', 'running, scheduled, paused, completed or cancelled')
    .action((options: Options) =>
      run((context) => {
        const { audience, state, limit, cursor } = options;
        return answer(
          context,
          'sends.list',
          { audience_id: audience, state, limit, cursor },
          showList,
          SPELLING,
        );
      }),
    );

  jsonOption(sends.command('get <send>'))
    .description('show one send: totals, rate, time left, the most frequent errors')
    .action((send_id: string) =>
      run((context) => answer(context, 'sends.get', { send_id }, showSend, SPELLING)),
    );

  jsonOption(pageOptions(sends.command('deliveries <send>'), 'deliveries'))
    .description('list the deliveries of a send, one for each lead')
    .option('--status <status>', 'pending, sent, failed or skipped')
    .addHelpText('after', '\nExample:\n  $ tidings sends deliveries SEND_ID --status failed')
    .action((send_id: string, { status, limit, cursor }: Options) =>
      run((context) => {
        const input = { send_id, status, limit, cursor };
        return answer(context, 'sends.deliveries', input, showDeliveries, SPELLING);
      }),
    );

  jsonOption(sends.command('export <send> [file]'))
    .description('write its deliveries as CSV, to a file or to standard output')
    .option('--status <status>', 'pending, sent, failed or skipped')
    .option('--code <code>', 'only those with this error code')
    .addHelpText('after', '\nExample:\n  $ tidings sends export SEND_ID missed.csv --status failed')
    .action((send_id: string, file: string | undefined, { status, code }: Options) =>
      run((context) => exportFile(context, 'sends.export', { send_id, status, code }, file, SPELLING)),
    );

  jsonOption(sends.command('resume <send>'))
    .description('go on with a paused or cancelled send; one whose time is ahead waits for it')
    .option('--schedule-at <time>', 'go on then (YYYY-MM-DDT09:00:00-06:00), or "now"')
    .option('--allow-repeat', 'although most of them got the same text within 24 hours')
    .option('--dry-run', 'change nothing: show who would still get it, and samples')
    .option('--confirm <token>', 'go on exactly as a dry run showed, or not')
    .addHelpText(
      'after',
      '\nExample, to start a scheduled send early:\n  $ tidings sends resume SEND_ID --schedule-at now',
    )
    .action((send_id: string, { scheduleAt, allowRepeat, dryRun, confirm }: Options) =>
      run((context) => {
        const input = {
          send_id,
          schedule_at: scheduleAt,
          confirm,
          ...(allowRepeat && { allow_repeat: true }),
          ...(dryRun && { dry_run: true }),
        };
        return answer(context, 'sends.resume', input, dryRun ? showForecast : showChanged, SPELLING);
      }),
    );

  jsonOption(sends.command('approvals'))
    .description('show what waits for a person to approve it')
    .action(() => run((context) => answer(context, 'sends.approvals', {}, showApprovals, SPELLING)));

  jsonOption(sends.command('approve <code>'))
    .description('approve a send that waits for it: exactly what sends approvals shows')
    .option('--count <n>', 'only if it reaches this many people', number('--count', { min: 0, max: 1e9 }))
    .addHelpText('after', '\nExample:\n  $ tidings sends approve K7QX-2M4P --count 1250')
    .action((code: string, { count }: Options) =>
      run((context) => answer(context, 'sends.approve', { code, count }, showChanged, APPROVAL_SPELLING)),
    );

  jsonOption(sends.command('reject <code>'))
    .description('say no to a send that waits for approval')
    .option('--reason <text>', 'told to the program that asked')
    .action((code: string, { reason }: Options) =>
      run((context) => answer(context, 'sends.reject', { code, reason }, showChanged, APPROVAL_SPELLING)),
    );

  for (const [verb, description] of Object.entries(VERBS)) {
    jsonOption(sends.command(`${verb} <send>`))
      .description(description)
      .action((send_id: string) =>
        run((context) => answer(context, `sends.${verb}`, { send_id }, showChanged, SPELLING)),
      );
  }
}

function showApprovals(found: Result, output: Output): string {
  const waiting = found['approvals'] as Result[];
  if (waiting.length === 0) return 'Nothing waits for approval.';
  return waiting
    .map((send) => {
      const { audience_name, campaign, asked_by, scheduled_at } = send;
      const about = {
        audience: audience_name,
        campaign,
        asked_by,
        ...(scheduled_at ? { starts: scheduled_at } : {}),
      };
      return [showWaiting(send), fields(about), ...showLook(send, output)].join('\n\n');
    })
    .join('\n\n---\n\n');
}

function showList(found: Result, output: Output): string {
  const sends = found['sends'] as Result[];
  if (sends.length === 0) return 'No sends yet. tidings send makes one.';
  const columns = ['send_id', 'audience_name', 'channel', 'campaign', 'state'];
  const totals = ['total_sent', 'total_failed', 'total_skipped', 'total_remaining'];
  // Most lists have nothing that waits, and a terminal has no column to spare.
  const waits = sends.some((send) => send['state'] === 'scheduled');
  const start = (send: Result) => (waits ? [send['state'] === 'scheduled' ? showStart(send) : null] : []);
  const rows = sends.map((send) => [
    ...columns.map((column) => send[column]),
    ...start(send),
    ...totals.map((column) => send[column]),
  ]);
  const header = ['id', 'audience', 'channel', 'campaign', 'state', ...(waits ? ['starts'] : [])];
  return output.table([...header, 'sent', 'failed', 'skipped', 'left'], rows) + more(found);
}

function showSend(send: Result, output: Output): string {
  const { send_id, audience_name, channel, campaign, state, mode, subject, created_at, completed_at } = send;
  const starts = showStart(send);
  const parts = [
    fields({
      send_id,
      audience: audience_name,
      channel,
      campaign,
      state,
      mode,
      subject,
      created_at,
      ...(starts && { scheduled_at: starts }),
      completed_at,
    }),
    showTotals(send, output),
  ];
  if (send['approval']) parts.push(showWaiting(send));
  if (send['paused_reason']) parts.push(output.colors.yellow(oneLine(`Paused: ${send['paused_reason']}`)));
  for (const { reason, leads, since } of send['waiting_for'] as Result[])
    parts.push(
      output.colors.yellow(oneLine(`Waiting since ${since} (${counted(Number(leads), 'lead')}): ${reason}`)),
    );
  if (send['provider_said']) parts.push(`The provider said: ${oneLine(String(send['provider_said']))}`);
  if (send['seconds_left'] !== null) {
    parts.push(
      `${count(Number(send['rate_per_second']))} a second, about ${duration(Number(send['seconds_left']))} left`,
    );
  }
  const errors = (send['top_errors'] as Result[]).map((one) => [
    one['count'],
    one['status'],
    one['code'],
    one['message'],
    one['provider_said'],
  ]);
  if (errors.length > 0)
    parts.push(output.table(['leads', 'status', 'reason', 'message', 'provider said'], errors));
  return [...parts, oneLine(String(send['next_step']))].join('\n\n');
}

function showChanged(send: Result, output: Output): string {
  const { send_id, state } = send;
  const starts = state === 'scheduled' ? ` for ${showStart(send)}` : '';
  return [
    `Send ${send_id} is ${state}${starts}.`,
    ...(send['approval'] ? [showWaiting(send)] : []),
    showTotals(send, output),
    oneLine(String(send['next_step'])),
  ].join('\n\n');
}

function showDeliveries(found: Result, output: Output): string {
  const columns = [
    'lead_id',
    'name',
    'contact',
    'send_status',
    'attempts',
    'error_code',
    'error',
    'provider_said',
  ];
  const rows = (found['deliveries'] as Result[]).map((one) => columns.map((column) => one[column]));
  if (rows.length === 0) return 'No deliveries of that kind.';
  return (
    output.table(
      ['lead', 'name', 'contact', 'status', 'attempts', 'reason', 'message', 'provider said'],
      rows,
    ) + more(found)
  );
}
