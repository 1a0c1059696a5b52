import { setTimeout as sleep } from 'node:timers/promises';
import { startScriptedModel } from './scripted-model.ts';
import { accepted, run, start, told } from './trial.ts';

const PEOPLE = 40;

/** Import, audience, dry run, confirm, send; the agent is killed in the middle, and another one calls again. */
export async function job(about: Readonly<Record<string, string>>): Promise<void> {
  const people = Array.from({ length: PEOPLE }, (_, at) => ({
    name: `Person ${at}`,
    email: `person.${at}@example.com`,
  }));
  const text = { channel: 'email', subject: 'Hello', message: 'Hi {{lead.name}}!', campaign: 'job' };
  let audience_id = '';
  let confirm = '';
  let told1 = '';
  const field = (result: string, name: string) =>
    new RegExp(`\\\\?"${name}\\\\?":\\s*\\\\?"([^"\\\\]+)`).exec(result)?.[1] ?? '';
  const model = await startScriptedModel((results) => {
    const last = results.at(-1) ?? '';
    audience_id ||= field(last, 'audience_id');
    confirm ||= field(last, 'confirm');
    if (confirm && !isSecond && results.length === 3) told1 = last;
    const send = { audience_id, ...text };
    if (isSecond)
      return results.length === 0
        ? { tool: 'mcp__tidings__sendBulkMessages', input: { ...send, confirm } }
        : { say: `Done: ${last}` };
    const moves = [
      { tool: 'mcp__tidings__leads', input: { action: 'import', leads: people } },
      { tool: 'mcp__tidings__audience', input: { action: 'create', name: 'Everybody' } },
      { tool: 'mcp__tidings__sendBulkMessages', input: { ...send, dry_run: true } },
      { tool: 'mcp__tidings__sendBulkMessages', input: { ...send, confirm, expected_recipients: PEOPLE } },
    ];
    return moves[results.length] ?? { say: `Done: ${last}` };
  });
  let isSecond = false;
  const args = [
    '-p',
    'Send the news to everybody.',
    '--allowedTools',
    'mcp__tidings',
    '--output-format',
    'json',
  ];
  const own = {
    ...about,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'sk-ant-none',
    ENABLE_TOOL_SEARCH: 'false',
  };
  const more = { ...own, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' };
  const first = start('claude', args, { env: more });
  while (accepted.length < PEOPLE / 4 && first.child.exitCode === null) await sleep(50);
  process.kill(-first.child.pid!, 'SIGKILL');
  const ran = await first.ran;
  told(
    'Claude Code looks first, and is killed in the middle of the send',
    accepted.length >= PEOPLE / 4 && told1.includes('would_send'),
    ran,
  );
  isSecond = true;
  const second = await run('claude', args, { env: more });
  const result = JSON.parse(second.out.slice(second.out.indexOf('{'))) as { result?: string };
  told(
    'another one calls again, and hears that all of them got it',
    result.result?.includes(`"total_sent":${PEOPLE}`) ?? false,
    second,
  );
  const isOnce = accepted.length === PEOPLE && new Set(accepted).size === PEOPLE;
  told(`each of ${PEOPLE} people got it once`, isOnce, { code: 0, out: accepted.join(' ') });
  model.close();
}
