import { randomBytes } from 'node:crypto';
import { MEMBERS } from '../../core/audiences/audience.store.ts';
import { DELIVERIES } from '../../core/deliveries/list-members.ts';
import { sampleThrough } from '../../core/leads/filter/count-selected.ts';
import { foldText } from '../../core/leads/filter/fold-text.ts';
import { all, any, type Node } from '../../core/leads/filter/node.ts';
import { Selection } from '../../core/leads/filter/selection.ts';
import type { LeadFilters } from '../../core/leads/lead.schema.ts';
import { plainNodes } from '../../core/leads/lead-filters.ts';
import { campaignKey } from '../../core/sends/campaign-key.ts';
import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import { existingAudience } from '../existing-audience.ts';
import { type References, readWhere } from './read-where.ts';
import { countryOf, instantOf, prefixOf } from './where-values.ts';

/** More sends than this under one campaign are no use to anybody. */
const SENDS_MAX = 50;

/**
 * What a caller's filters choose, read and looked up once: what they refer to may be gone when the leads are looked at.
 * @throws TidingsError `invalid_argument` or `not_found`, naming what is wrong.
 */
export async function chooseLeads(reader: Reader, filters: LeadFilters): Promise<Node> {
  const references = referencesOf(reader);
  const nodes = plainNodes(filters);
  if (filters.tag) nodes.push({ kind: 'tag', test: 'is', values: [foldText(filters.tag)] });
  if (filters.country) nodes.push({ kind: 'country', countries: [countryOf(filters.country, 'country')] });
  if (filters.phone_prefix)
    nodes.push({ kind: 'phone', prefixes: [prefixOf(filters.phone_prefix, 'phone_prefix')] });
  for (const [name, test] of [
    ['created_after', 'after'],
    ['created_before', 'before'],
  ] as const) {
    const value = filters[name];
    if (value) nodes.push({ kind: 'time', column: 'created_at', test, value: instantOf(value, name) });
  }
  if (filters.reachable) nodes.push({ kind: 'reachable', channel: filters.reachable });
  if (filters.suppressed) nodes.push({ kind: 'suppressed', channel: filters.suppressed });
  if (filters.lead_ids) nodes.push({ kind: 'leads', ids: filters.lead_ids.map((id) => id.toLowerCase()) });
  if (filters.import_id) nodes.push(await references.imports([filters.import_id], 'import_id'));
  if (filters.outcome) nodes.push(await references.outcome(filters.outcome, filters, 'outcome'));
  else if (filters.send_id ?? filters.campaign) {
    throw new TidingsError(
      'invalid_argument',
      'send_id and campaign say which send outcome is about, and outcome is missing.',
      {
        fix: 'Give outcome: sent, failed, skipped, pending or not_sent.',
      },
    );
  }
  if (filters.exclude_audience_id) {
    const node = await references.audiences([filters.exclude_audience_id], 'exclude_audience_id');
    nodes.push({ kind: 'not', node });
  }
  if (filters.where) nodes.push(await readWhere(filters.where, references));
  return all(nodes.flatMap((node) => (node.kind === 'all' ? node.nodes : [node])));
}

/** The same with its sample: all that are chosen have to be looked at for it. */
export async function chooseSample(reader: Reader, filters: LeadFilters, signal?: AbortSignal) {
  const chosen = await chooseLeads(reader, filters);
  if (filters.sample === undefined) {
    if (filters.sample_seed === undefined) return { chosen, seed: null };
    throw new TidingsError('invalid_argument', 'sample_seed is given, and sample is missing.', {
      fix: 'Give sample: how many leads to take.',
    });
  }
  const seed = filters.sample_seed ?? randomBytes(6).toString('hex');
  const through = await sampleThrough(reader, new Selection(chosen), { seed, size: filters.sample }, signal);
  return { chosen: all([chosen, { kind: 'sample', seed, through }]), seed };
}

function referencesOf(reader: Reader): References {
  return {
    async imports(ids, place) {
      const seqs: number[] = [];
      for (const id of ids) {
        const row = await reader.get<{ seq: number }>('SELECT seq FROM imports WHERE id = ?', id);
        if (!row) throw new TidingsError('not_found', `${place}: there is no import ${id}.`);
        seqs.push(row.seq);
      }
      return { kind: 'imported', seqs };
    },
    async audiences(ids, place) {
      const nodes: Node[] = [];
      for (const id of ids) {
        const audience = await existingAudience(reader, id);
        if (audience.status !== 'ready') {
          throw new TidingsError('conflict', `${place}: audience ${id} is ${audience.status}.`, {
            fix: 'Wait until it is ready, or make it again.',
          });
        }
        nodes.push({ kind: 'rows', of: MEMBERS, seq: audience.seq, statuses: null });
      }
      return any(nodes);
    },
    async outcome(outcome, { send_id, campaign }, place) {
      if ((send_id === undefined) === (campaign === undefined)) {
        throw new TidingsError('invalid_argument', `${place} needs send_id or campaign, and not both.`, {
          fix: (words) => `${words.operation('sends.list')} shows both.`,
        });
      }
      const seqs =
        send_id === undefined ? await sendsOf(reader, campaign!) : [await sendNamed(reader, send_id)];
      const statuses = STATUSES[outcome];
      const node = any(seqs.map((seq): Node => ({ kind: 'rows', of: DELIVERIES, seq, statuses })));
      return outcome === 'not_sent' ? { kind: 'not', node } : node;
    },
  };
}

const STATUSES = {
  ...{ sent: ['sent'], failed: ['failed'], skipped: ['skipped'] },
  ...{ pending: ['pending', 'sending'], not_sent: ['sent'] },
} as const;

async function sendNamed(reader: Reader, id: string): Promise<number> {
  const row = await reader.get<{ seq: number }>('SELECT seq FROM sends WHERE id = ?', id);
  if (row) return row.seq;
  throw new TidingsError('not_found', `There is no send ${id}.`, {
    fix: (words) => `${words.operation('sends.list')} shows the sends there are.`,
  });
}

/** Trying out reached nobody: where a campaign was really sent, that alone counts. */
async function sendsOf(reader: Reader, campaign: string): Promise<number[]> {
  const rows = await reader.all<{ seq: number; mode: string }>(
    'SELECT seq, mode FROM sends WHERE campaign_key = ? ORDER BY seq DESC LIMIT 1000',
    campaignKey(campaign),
  );
  const live = rows.filter(({ mode }) => mode === 'live');
  const found = live.length > 0 ? live : rows;
  if (found.length > 0 && found.length <= SENDS_MAX) return found.map(({ seq }) => seq);
  const many = `Campaign "${campaign}" has ${found.length} sends, too many to look at.`;
  throw new TidingsError(
    found.length === 0 ? 'not_found' : 'invalid_argument',
    found.length === 0 ? `There is no send of campaign "${campaign}".` : many,
    { fix: (words) => `${words.operation('sends.list')} shows the sends there are: name one by send_id.` },
  );
}
