import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { Rounds } from '../../rounds.ts';
import {
  checkAgainAt,
  contentOf,
  dueTemplates,
  findTemplate,
  saveFound,
  setStatus,
  type TemplateRow,
  takeDue,
} from './template.store.ts';
import { languageKey, slotsOf, type TemplateContent, usabilityOf } from './template.ts';
import type { RegistryProblem, TemplateRegistry } from './template-registry.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A review takes minutes most often, and a day at most. */
const CHECKS_MS = [1, 2, 5, 15].map((minutes) => minutes * MINUTE_MS);
/** Whoever has taken one and dies leaves it to others for so long. */
const TAKEN_MS = MINUTE_MS;
const LONGEST_RETRY_MS = 15 * MINUTE_MS;
const LOOK_MS = 1_000;

/** When a template is asked for again that was asked for so many times since it last changed. */
export function nextCheckMs(checks: number): number {
  return CHECKS_MS[checks] ?? HOUR_MS;
}

/**
 * Submits what is to be submitted and asks what became of it, for one account. The table says when, so that any process
 * may do it, and none of them twice: whoever moves the time on does it.
 *
 *   DRAFT ──submit──▶ PENDING ──asked after 1, 2, 5, 15 minutes, then hourly──▶ APPROVED, REJECTED, …
 */
export class TemplateKeeper {
  readonly #ledger: Ledger;
  readonly #sender: string;
  readonly #registry: TemplateRegistry;
  readonly #log: Log;
  readonly #changed: () => Promise<void> | void;
  readonly #rounds: Rounds;

  constructor(options: {
    ledger: Ledger;
    sender: string;
    registry: TemplateRegistry;
    log: Log;
    /** Something may leave now that could not. */
    changed: () => Promise<void> | void;
  }) {
    this.#ledger = options.ledger;
    this.#sender = options.sender;
    this.#registry = options.registry;
    this.#log = options.log;
    this.#changed = options.changed;
    const look = async () => {
      await this.look();
      return LOOK_MS;
    };
    this.#rounds = new Rounds({
      look,
      fault: `templates of ${options.sender} cannot be kept`,
      log: options.log,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** There may be something to submit. */
  wake(): void {
    this.#rounds.wake();
  }

  /** What a provider answers from now on is heard by the next process, which asks again. */
  stop(): void {
    this.#rounds.stop();
  }

  /** One round: everything whose time has come. */
  async look(): Promise<void> {
    const nowMs = Date.now();
    for (const row of await dueTemplates(this.#ledger, this.#sender, nowMs)) {
      if (this.#rounds.isEnded) return;
      if (!(await this.#ledger.write((tx) => takeDue(tx, row, nowMs + TAKEN_MS)))) continue;
      if (row.status === 'DRAFT') await this.#submit(row);
      else await this.#ask(row);
    }
  }

  async #submit(row: TemplateRow): Promise<void> {
    const { name } = row;
    const content = contentOf(row);
    const samples = { ...plainSamples(content), ...(row.samples && (JSON.parse(row.samples) as object)) };
    const category = row.category === 'utility' ? 'utility' : 'marketing';
    const answer = await this.#registry.submit({ name, category, content, samples });
    if (this.#rounds.isEnded) return;
    if (answer.ok) {
      const { status, category: given, providerId } = answer.value;
      const nowMs = Date.now();
      await this.#ledger.write((tx) =>
        setStatus(tx, row.seq, status, {
          category: given,
          providerId,
          submittedAt: nowMs,
          checkAt: usabilityOf(status) === 'waits' ? nowMs + nextCheckMs(0) : null,
        }),
      );
      this.#log.info({ template: name, status }, 'a template was submitted');
      return void (await this.#changed());
    }
    // A call before made it, and its answer was lost.
    if (answer.problem.kind === 'exists') return this.#ask(row);
    await this.#note(row, answer.problem);
  }

  async #ask(row: TemplateRow): Promise<void> {
    const answer = await this.#registry.find(row.name);
    if (this.#rounds.isEnded) return;
    if (!answer.ok) return this.#note(row, answer.problem);
    const wanted = languageKey(row.language);
    const found = answer.value.find(({ content }) => languageKey(content.language) === wanted);
    const before = row.status;
    const after = await this.#ledger.write(async (tx) => {
      if (!found) {
        await setStatus(tx, row.seq, 'DELETED', { checkAt: null });
        return 'DELETED' as const;
      }
      // Under the language that we know it by: a provider may write it in another way.
      await saveFound(
        tx,
        row.sender,
        { ...found, content: { ...found.content, language: row.language } },
        Date.now(),
      );
      await this.#planNext(tx, row, found.status);
      return found.status;
    });
    if (after !== before) {
      this.#log.info({ template: row.name, status: after }, 'a template changed');
      await this.#changed();
    }
  }

  async #planNext(tx: Transaction, row: TemplateRow, status: TemplateRow['status']): Promise<void> {
    const waits = usabilityOf(status) === 'waits';
    const checks = status === row.status ? row.checks + 1 : 0;
    await checkAgainAt(tx, row.seq, waits ? Date.now() + nextCheckMs(checks) : null);
  }

  async #note(row: TemplateRow, problem: RegistryProblem): Promise<void> {
    const nowMs = Date.now();
    if (problem.kind === 'refused' && row.status === 'DRAFT') {
      await this.#ledger.write((tx) =>
        setStatus(tx, row.seq, 'REJECTED', { reason: problem.message, problem, checkAt: null }),
      );
    } else {
      const waitMs = Math.min(5_000 * 2 ** Math.min(row.checks, 20), LONGEST_RETRY_MS);
      await this.#ledger.write((tx) =>
        setStatus(tx, row.seq, row.status, { reason: row.reason, problem, checkAt: nowMs + waitMs }),
      );
    }
    this.#log.warn({ template: row.name, code: problem.code }, problem.message);
    await this.#changed();
  }
}

/** Where nobody's value is to be had. */
function plainSamples(content: TemplateContent): Record<string, string> {
  return Object.fromEntries(
    slotsOf(content).map(({ key, takes }) => [
      key,
      takes === 'suffix' || takes === 'code' ? 'ABC123' : 'Ana',
    ]),
  );
}

/**
 * A provider said that a template of an account changed: it is asked for at once, by whichever process keeps the
 * templates. Ids are not compared, for some providers write them in two ways; neither is the case of a language.
 * @returns whether there is such a template here
 */
export async function applyTemplateChange(
  tx: Transaction,
  sender: string,
  change: { readonly name: string; readonly language: string },
  nowMs = Date.now(),
): Promise<boolean> {
  const rows = await tx.all<Pick<TemplateRow, 'seq' | 'language'>>(
    'SELECT seq, language FROM templates WHERE sender = ? AND name = ?',
    sender,
    change.name,
  );
  const wanted = languageKey(change.language);
  const found = rows.filter(({ language }) => languageKey(language) === wanted);
  for (const { seq } of found)
    await tx.run("UPDATE templates SET check_at = ? WHERE seq = ? AND status <> 'DRAFT'", nowMs, seq);
  return found.length > 0;
}

/** What was learned by sending: it is asked for again before anything else leaves by it. */
export async function doubtTemplate(
  tx: Transaction,
  key: Parameters<typeof findTemplate>[1],
  status: 'UNKNOWN' | 'PAUSED' | 'DISABLED',
  nowMs: number,
): Promise<void> {
  const row = await findTemplate(tx, key);
  if (row) await setStatus(tx, row.seq, status, { reason: row.reason, checkAt: nowMs });
}
