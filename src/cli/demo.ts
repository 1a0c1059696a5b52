import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { count, counted } from '../amounts.ts';
import type { ImportReport } from '../core/leads/lead.schema.ts';
import { TidingsError } from '../errors.ts';
import { runUpload } from '../operations/run-operation.ts';
import { createAudience } from './audience.ts';
import { calledAs } from './called-as.ts';
import {
  type CommandContext,
  call,
  jsonOption,
  number,
  type Options,
  operationNamed,
  type Result,
  type Run,
  shellCaller,
} from './context.ts';
import { demoCsv } from './demo-leads.ts';
import { slowSandbox, slowSendTakes, startSlowSend } from './demo-slow-send.ts';
import { openWindows, tellWhatCame } from './demo-whatsapp.ts';
import { onInterrupt } from './interrupt.ts';
import { callToolOverHttp } from './mcp-call.ts';
import type { Output } from './output.ts';
import { showMessage } from './suppressions.ts';
import { wrap } from './wrap.ts';

const MOST_LEADS = 1_000_000;
/** Short enough for any proxy or client on the way; the call is repeated while the send runs. */
const WATCH_SECONDS = 30;

const MESSAGES = {
  email: {
    subject: '{{lead.first_name | default: "Hello"}}, a small surprise for you 🎁',
    message:
      '<h1>Hi {{lead.first_name | default: "there"}}!</h1>' +
      '<p>We thought of <b>{{lead.company | default: "you"}}</b> this week: ' +
      'our spring offer has come to {{lead.metadata.city | default: "your city"}}.</p>' +
      '<p>Best wishes<br>{{site.name}}</p>',
    from: 'Spring Team',
  },
  whatsapp: {
    message:
      'Hi {{lead.first_name | default: "there"}}! 👋 Our spring offer has come to ' +
      '{{lead.metadata.city | default: "your city"}}. Shall we save you a place?',
  },
} as const;
type Channel = keyof typeof MESSAGES;

export function addDemoCommand(program: Command, run: Run): void {
  const leads = number('--leads', { min: 1, max: MOST_LEADS });
  jsonOption(
    program
      .command('demo')
      .description('see it work: sample people, both channels, nothing leaves this machine'),
  )
    .option('--leads <n>', `how many people, at most ${count(MOST_LEADS)}`, leads, 1_000)
    .option('--exit', 'leave when it is done, instead of staying up to be looked at')
    .addHelpText('after', '\nExamples:\n  $ tidings demo\n  $ tidings demo --leads 100000 --exit')
    .action((options: Options) => run((context) => demo(context, options)));
}

async function demo({ host, output }: CommandContext, options: Options): Promise<number> {
  const leads = options['leads'] as number;
  if (!Number.isInteger(leads)) {
    throw new TidingsError('invalid_argument', `--leads is ${leads}.`, { fix: 'Give a whole number.' });
  }
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  const slow = slowSandbox(leads);
  const world = await host.openDemo(slow);
  try {
    const audience = await makeAudience(world.tidings, leads, output, stop.signal);
    output.line(`Watch it move: ${output.colors.cyan(world.url)}\n`);
    const startedAt = performance.now();
    const email = await send(world.url, 'email', audience, output, stop.signal);
    const wrote = await openWindows(world.tidings);
    const windows = `${counted(wrote, 'person', 'people')} wrote to the WhatsApp number today and can be sent text, everybody else a template.`;
    output.line(wrap(windows, output.columns));
    const whatsapp = await send(world.url, 'whatsapp', audience, output, stop.signal);
    const seconds = (performance.now() - startedAt) / 1_000;
    output.result({ email, whatsapp }, () => showSummary([email, whatsapp], seconds, output));
    await tellWhatCame(world, whatsapp, output, stop.signal);
    if (!output.json) await lookAround(world, email, whatsapp, output);
    const program = calledAs(host.env);
    if (options['exit']) showWhereNext(program, output);
    else {
      const moving = await startSlowSend(world, slow.id, stop.signal);
      const takes = slowSendTakes(Number(email['total_sent']), slow.ratePerSecond);
      showWhereNext(program, output, { url: world.url, audience_id: String(email['audience_id']) });
      showWhatMoves(`${world.url}/sends/${moving['send_id']}`, takes, output);
      await untilAborted(stop.signal);
    }
    return [email, whatsapp].every((result) => result['state'] === 'completed') ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new TidingsError('conflict', 'The demo was stopped before it was done.');
  } finally {
    await world.close();
    release();
  }
}

type World = Awaited<ReturnType<CommandContext['host']['openDemo']>>;

async function makeAudience(
  tidings: World['tidings'],
  leads: number,
  output: Output,
  signal: AbortSignal,
): Promise<string> {
  output.line(
    output.colors.bold(
      `Tidings demo: ${counted(leads, 'sample person', 'sample people')}, nothing leaves this machine\n`,
    ),
  );
  const bar = output.bar('Importing people ');
  const onProgress = ({ rows }: { rows: number }) => bar.update(rows, leads);
  const operation = operationNamed(tidings, 'leads.import');
  const report = (await runUpload(operation, demoCsv(leads), {}, shellCaller(tidings), {
    signal,
    onProgress,
  }).finally(bar.stop)) as ImportReport;
  const audience = await createAudience(tidings, { name: 'Everybody in the demo', origin: 'demo' });
  const imported = `Imported ${counted(report.created, 'person', 'people')} from a CSV${report.created > 1 ? ', in several languages; some lack a phone or an email' : ''}.`;
  output.line(wrap(imported, output.columns));
  output.line(`Made the audience "${audience['name']}" of ${count(audience['total_count'] as number)}.`);
  output.line('Now calling the MCP tool sendBulkMessages, once for each channel …');
  return String(audience['audience_id']);
}

/** What an agent does: call the tool, and call it again while the send runs. */
async function send(
  url: string,
  channel: Channel,
  audience_id: string,
  output: Output,
  signal: AbortSignal,
): Promise<Result> {
  const bar = output.bar(`Sending ${channel.padEnd(9)}`);
  const input = { audience_id, channel, ...MESSAGES[channel], max_wait_seconds: WATCH_SECONDS };
  try {
    for (;;) {
      const result = await callToolOverHttp({
        url,
        tool: 'sendBulkMessages',
        input,
        signal,
        onProgress: bar.update,
      });
      if (result['state'] !== 'running') return result;
    }
  } finally {
    bar.stop();
  }
}

export function showSummary(results: readonly Result[], seconds: number, output: Output): string {
  const totals = ['total_sent', 'total_failed', 'total_skipped', 'total_remaining', 'total_in_audience'];
  const rows = results.map((result) => ['channel', 'state', ...totals].map((key) => result[key]));
  const header = ['channel', 'state', 'sent', 'failed', 'skipped', 'remaining', 'in audience'];
  const sent = results.reduce((sum, result) => sum + Number(result['total_sent']), 0);
  const skipped = results.reduce((sum, result) => sum + Number(result['total_skipped']), 0);
  const pace = `${counted(sent, 'message')} in ${seconds.toFixed(1)} s, each recorded on disk before it counts as sent.${skipped > 0 ? ' Skipped: no such contact.' : ''}`;
  return `${output.table(header, rows)}\n\n${wrap(pace, output.columns)}`;
}

/** What a person would look at next: the messages, and what a second call does. */
async function lookAround({ tidings, url }: World, email: Result, whatsapp: Result, output: Output) {
  const { bold, green } = output.colors;
  const messages = async (send: Result) =>
    (await call(tidings, 'outbox.list', { send_id: send['send_id'], limit: 100 }))['entries'] as Result[];
  output.line(bold('\nSome of the messages, as they would arrive\n'));
  for (const entry of [...varied(await messages(email), 2), ...varied(await messages(whatsapp), 1)]) {
    output.line(`${showMessage(entry, output)}\n`);
  }
  const audience_id = String(email['audience_id']);
  const recorded = async () => Number((await call(tidings, 'outbox.list', { limit: 1 }))['total_count']);
  const before = await recorded();
  const input = { audience_id, channel: 'email', ...MESSAGES.email };
  const again = await callToolOverHttp({ url, tool: 'sendBulkMessages', input });
  const more = (await recorded()) - before;
  output.line(bold('The same email call once more, as an agent that lost its answer would make it\n'));
  const told = wrap(`${count(more)} more messages. ${again['notice'] ?? ''}`, output.columns, 4);
  output.line(`  ${more === 0 ? green('✓') : '✗'} ${told}`);
}

function showWhereNext(
  program: string,
  output: Output,
  server?: { readonly url: string; readonly audience_id: string },
): void {
  const { bold, cyan } = output.colors;
  output.line(bold('\nWhere to look next\n'));
  if (server) {
    output.line(`  For agents    ${cyan(`${server.url}/mcp`)}`);
    output.line(withCurl(server.url, server.audience_id));
  }
  for (const line of yourOwn(program)) output.line(line);
}

/** Last of all, so that it is what stands above the cursor. The address has a line of its own: one that is broken cannot be clicked. */
function showWhatMoves(url: string, takes: string, output: Output): void {
  const { bold, cyan, dim } = output.colors;
  output.line(bold('\nA send to watch, and to pause, resume and cancel\n'));
  const what = `One more email has just begun to leave, slowly: it takes about ${takes}. Open it in a browser:`;
  output.line(wrap(what, output.columns));
  output.line(`\n  ${bold(cyan(url))}\n`);
  output.line(dim('It stays up until Ctrl-C; then the sample people are gone.'));
}

/** What to try with people of one's own: commands that are there, as this reader calls them. */
export function yourOwn(program: string): string[] {
  // The examples lie in a clone; who has it installed has a file of their own.
  const file = program.startsWith('npm run') ? 'examples/people.csv' : 'FILE.csv';
  return [`  Your leads    ${program} leads import ${file}`, `  For real      ${program} init`];
}

/** Messages unlike each other, in Latin letters and in others: the newest of a send may all be for one place. */
export function varied(entries: readonly Result[], amount: number): Result[] {
  const isLatin = (entry: Result) =>
    /^\P{L}*\p{Script=Latin}+[ ,!]+\p{Script=Latin}+/u.test(String(entry['text']));
  const latin = entries.filter(isLatin);
  const others = entries.filter((entry) => !isLatin(entry));
  const mixed = Array.from({ length: amount }, (_, at) => (at % 2 === 0 ? latin : others)[at >> 1]);
  const chosen = mixed.filter((entry) => entry !== undefined);
  const rest = entries.filter((entry) => !chosen.includes(entry));
  return [...chosen, ...rest].slice(0, amount);
}

/** In lines that fit 80 columns and can be pasted as they are, with a shell's sign that it goes on. */
export function withCurl(url: string, audience_id: string): string {
  return [
    `  With curl     curl -s ${url}/mcp \\`,
    `-d '{ "method": "tools/call", "params": {`,
    `"name": "sendBulkMessages", "arguments": {`,
    `"audience_id": "${audience_id}",`,
    `"channel": "whatsapp", "message": "Hi again!",`,
    `"campaign": "second" } } }'`,
  ].join(`\n${' '.repeat(18)}`);
}

/** A promise alone does not keep a process alive; the server of the demo does. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(60_000, undefined, { signal }).catch(() => {});
}
