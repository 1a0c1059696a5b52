import { releaseWaiting } from '../../core/sends/send.store.ts';
import { markGone, saveFound } from '../../core/templates/template.store.ts';
import type {
  Answered,
  ProviderTemplate,
  RegistryProblem,
  TemplateRegistry,
} from '../../core/templates/template-registry.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { findMark, setMark } from '../../ledger/marks.ts';

/** Pages of a hundred: an account has 6,000 templates at most. */
const MOST_PAGES = 200;
const FRESH_MS = 60 * 60_000;

const markOf = (sender: string) => `templates synced:${sender}`;

export interface Synced {
  readonly found: number;
  readonly gone: number;
}

/**
 * Reads every template of an account, to the end. Only a list that was read whole says that one is not there any more.
 */
export async function syncTemplates(
  ledger: Ledger,
  sender: string,
  registry: TemplateRegistry,
): Promise<Answered<Synced>> {
  const startedMs = Date.now();
  let cursor: string | null = null;
  let found = 0;
  for (let page = 0; ; page += 1) {
    const answer: Awaited<ReturnType<TemplateRegistry['list']>> = await registry.list(cursor);
    if (!answer.ok) return answer;
    const { templates, next } = answer.value;
    await save(ledger, sender, templates);
    found += templates.length;
    if (next === null) break;
    if (next === cursor || page >= MOST_PAGES) return { ok: false, problem: ENDLESS };
    cursor = next;
  }
  const gone = await ledger.write(async (tx) => {
    await setMark(tx, markOf(sender), String(startedMs));
    // Some may be approved now, as far as is known here: who waits looks again.
    await releaseWaiting(tx, sender, 'template_approval');
    return markGone(tx, sender, startedMs);
  });
  return { ok: true, value: { found, gone } };
}

const ENDLESS: RegistryProblem = {
  kind: 'later',
  code: 'endless_list',
  message: 'The list of templates has no end; it is asked for again.',
};

/** The same where nobody did lately: templates that were made by hand are known then. */
export async function syncIfStale(
  ledger: Ledger,
  sender: string,
  registry: TemplateRegistry,
): Promise<RegistryProblem | null> {
  const last = Number((await findMark(ledger, markOf(sender))) ?? 0);
  if (Date.now() - last < FRESH_MS) return null;
  const answer = await syncTemplates(ledger, sender, registry);
  return answer.ok ? null : answer.problem;
}

/** One name, as the provider has it now. */
export async function refreshByName(
  ledger: Ledger,
  sender: string,
  registry: TemplateRegistry,
  name: string,
): Promise<RegistryProblem | null> {
  const answer = await registry.find(name);
  if (!answer.ok) return answer.problem;
  await save(ledger, sender, answer.value);
  return null;
}

async function save(ledger: Ledger, sender: string, templates: readonly ProviderTemplate[]): Promise<void> {
  if (templates.length === 0) return;
  const nowMs = Date.now();
  await ledger.write(async (tx) => {
    for (const one of templates) await saveFound(tx, sender, one, nowMs);
  });
}
