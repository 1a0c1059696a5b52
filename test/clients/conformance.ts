import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidingsProcess } from '../support/tidings-process.ts';
import { page } from './install-page.ts';
import { folder, type Program, run, told } from './trial.ts';

/** Scenarios that want nothing but what a real server has, with how many checks of their own. */
const PASSES: Readonly<Partial<Record<Program, Readonly<Record<string, number>>>>> = {
  conformance: {
    ...{ 'server-initialize': 1, ping: 1, 'tools-list': 1, 'resources-list': 1, 'prompts-list': 1 },
    'dns-rebinding-protection': 2,
  },
  'conformance-next': {
    ...{ 'server-initialize': 1, ping: 1, 'tools-list': 2, 'resources-list': 1, 'prompts-list': 1 },
    ...{ 'dns-rebinding-protection': 2, caching: 7, 'http-header-validation': 13 },
    ...{ 'sep-2164-resource-not-found': 3, 'server-stateless': 24 },
    ...{ 'input-required-result-unsupported-methods': 1, 'input-required-result-validate-input': 2 },
    // The rest of these is about tools of their own.
    ...{ 'tasks-capability-negotiation': 2, 'tasks-dispatch-and-envelope': 3, 'tasks-request-headers': 1 },
  },
};

/** What the suites say where they look for a tool, a prompt or a resource that only a server made for them has. */
const FIXTURE =
  /There is no tool "|Prompt test_|Resource not found: test:|json_schema_2020_12_tool|^Not testable|Prerequisite|fixture|failing_job|Expected InputRequiredResult/;
/** Ask for what we do not have, and do not say that we have: completions, logging and subscriptions of the 2025 era. */
const NOT_HAD = [
  ...['completion-complete', 'logging-set-level', 'tools-call-with-logging'],
  ...['resources-subscribe', 'resources-unsubscribe'],
];

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** Both suites whole: nothing fails but for want of what a suite asks of servers that are made for it. */
export async function conformance(): Promise<void> {
  const open = new TidingsProcess(['serve'], { TIDINGS_DATA_DIR: join(folder, 'open'), PORT: '0' });
  await open.ready;
  for (const name of ['conformance', 'conformance-next'] as const) {
    const out = join(folder, name);
    const ran = await run(name, ['server', '--url', `${open.url}/mcp`, '--suite', 'all', '-o', out]);
    const seen = readChecks(out);
    for (const [scenario, checks] of Object.entries(PASSES[name]!)) {
      const passed = (seen.get(scenario) ?? []).filter(
        ({ id, status }) => status === 'SUCCESS' && id !== 'wire-schema-valid',
      ).length;
      told(`${name} passes ${scenario}, ${checks} checks`, passed >= checks, ran);
    }
    const unnamed = Object.keys(PASSES[name]!).filter((scenario) => !page.includes(`\`${scenario}\``));
    told('the page names them', unnamed.length === 0, { code: null, out: unnamed.join(' ') });
    const wrong = [...seen].flatMap(([scenario, checks]) =>
      checks
        .filter(({ status }) => status === 'FAILURE')
        .filter(({ errorMessage = '' }) => !FIXTURE.test(errorMessage) && !NOT_HAD.includes(scenario))
        .map(({ id, errorMessage }) => `${scenario} ${id}: ${errorMessage}`),
    );
    const about = { code: ran.code, out: wrong.join('\n') };
    told(
      `${name}: nothing else fails, in ${seen.size} scenarios`,
      seen.size > 30 && wrong.length === 0,
      about,
    );
  }
  await open.end('SIGTERM');
}

function readChecks(out: string): Map<string, Check[]> {
  return new Map(
    readdirSync(out).map((name) => [
      // server-tools-list-2026-11-26T20-16-39-406Z
      name.replace(/-\d{4}-\d\d-\d\dT.*$/, '').replace(/^server-/, ''),
      JSON.parse(readFileSync(join(out, name, 'checks.json'), 'utf8')) as Check[],
    ]),
  );
}
