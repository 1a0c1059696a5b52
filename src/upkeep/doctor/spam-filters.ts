import { spawn } from 'node:child_process';
import { type Check, good, warning } from './check.ts';

/** What a program wrote; null: there is no such program here. */
type Answer = { readonly code: number | null; readonly out: string } | null;
export type RunProgram = (program: string, args: readonly string[], input: Buffer) => Promise<Answer>;

const LONGEST_MS = 60_000;
const MOST_RULES = 8;

/** With a message as its input. It may take its time: SpamAssassin reads its rules for seconds. */
export const runProgram: RunProgram = (program, args, input) =>
  new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], timeout: LONGEST_MS });
    const out: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out).toString('utf8') }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });

/** What the filters that are installed here say of a message. They ask nobody: `-L`, and what rspamd is set to. */
export function askFilters(raw: Buffer, run: RunProgram = runProgram): Promise<Check[]> {
  return Promise.all([askSpamAssassin(raw, run), askRspamd(raw, run)]);
}

async function askSpamAssassin(raw: Buffer, run: RunProgram): Promise<Check> {
  const name = 'spamassassin';
  const answer = await run('spamassassin', ['-L', '-t'], raw);
  if (answer) {
    const [, score, required, tests] = STATUS.exec(answer.out.replace(/\r?\n[ \t]+/g, ' ')) ?? [];
    if (score === undefined) return silent(name);
    return verdict(name, Number(score), Number(required), tests!.split(/[, ]+/));
  }
  // Of its own server only the points are asked for.
  const brief = await run('spamc', ['-R'], raw);
  if (!brief) return missing(name, 'apt install spamassassin');
  const [, score, required] = /^(-?[\d.]+)\/(-?[\d.]+)/.exec(brief.out) ?? [];
  return Number(required ?? 0) === 0 ? silent(name) : verdict(name, Number(score), Number(required), []);
}

const STATUS = /^X-Spam-Status: \w+, score=(-?[\d.]+) required=(-?[\d.]+) tests=(\w+(?:, ?\w+)*)/m;

async function askRspamd(raw: Buffer, run: RunProgram): Promise<Check> {
  const name = 'rspamd';
  const answer = await run('rspamc', ['--json'], raw);
  if (!answer) return missing(name, 'apt install rspamd');
  try {
    const said = JSON.parse(answer.out) as Rspamd;
    const { score, required_score: required, symbols = {} } = said;
    if (typeof score !== 'number' || typeof required !== 'number') return silent(name);
    const bad = Object.entries(symbols)
      .filter(([, one]) => one.score > 0)
      .sort(([, one], [, other]) => other.score - one.score);
    return verdict(
      name,
      score,
      required,
      bad.map(([symbol]) => symbol),
    );
  } catch {
    return silent(name);
  }
}

interface Rspamd {
  readonly score?: unknown;
  readonly required_score?: unknown;
  readonly symbols?: Readonly<Record<string, { readonly score: number }>>;
}

function verdict(name: string, score: number, required: number, rules: readonly string[]): Check {
  const named = rules.filter((rule) => rule !== '' && rule !== 'none').slice(0, MOST_RULES);
  const detail = `${score} points of ${required}${named.length > 0 ? `: ${named.join(', ')}` : ''}`;
  if (score < required / 2) return good(name, detail);
  const fix = 'Look up what these rules mean, and change the text.';
  return score < required
    ? warning(name, detail, fix)
    : { name, ok: false, detail: `it takes this for spam: ${detail}`, fix };
}

function missing(name: string, fix: string): Check {
  return { name, ok: null, detail: 'not installed here, so not asked', fix };
}

function silent(name: string): Check {
  return { name, ok: null, detail: 'installed, and gave no verdict: is its server running?' };
}
