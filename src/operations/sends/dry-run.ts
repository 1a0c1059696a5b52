import { createHash } from 'node:crypto';
import { type Forecast, forecast, type Reached } from '../../core/deliveries/forecast.ts';
import type { PreparedMessage } from '../../core/deliveries/sender.ts';
import { renderMergeText, unresolvedFields } from '../../core/messages/merge-text.ts';
import { mergeTextsOf } from '../../core/messages/message.ts';
import { campaignKey } from '../../core/sends/campaign-key.ts';
import { CONFIRM_MS, findConfirmation, makeConfirmation } from '../../core/sends/confirmation.store.ts';
import { TidingsError } from '../../errors.ts';
import { escapeHtml } from '../../providers/email/message/mime.ts';
import type { Words } from '../../words.ts';
import type { Call } from '../operation.ts';
import type { Sample, SendResult } from './send.schema.ts';
import type { Asked, Input, SendContext } from './send-bulk-messages.ts';

const MOST_SAMPLES = 3;

/** What a call would come to, and a token for exactly that. Nothing is sent, and no send is made. */
export async function dryRun(
  context: SendContext,
  input: Input,
  asked: Asked,
  { signal, caller: { words } }: Call,
): Promise<SendResult> {
  const samples = new Samples(asked);
  const seen = await count(context, input, asked, samples, signal);
  const confirm = await context.ledger.write((tx) =>
    makeConfirmation(tx, { asked: hashOf(input, asked), counts: countsOf(seen) }, Date.now()),
  );
  const { ratePerSecond } = asked.sender.about;
  const seconds = ratePerSecond === null ? null : Math.ceil(seen.wouldSend / ratePerSecond);
  return {
    ...base(input, asked, seen),
    success: true,
    dry_run: true,
    would_send: seen.wouldSend,
    skips: Object.fromEntries(seen.skips),
    samples: samples.shown(),
    warnings: warnings(context, asked),
    estimate: { seconds, rate_per_second: ratePerSecond },
    confirm,
    next_step: `Nothing was sent. Show the person what it would be; then the same call with ${words.argument('confirm')} sends exactly that, within ${CONFIRM_MS / 60_000} minutes.`,
    next: [],
    ...(asked.notices.length > 0 && { notice: asked.notices.join(' ') }),
  };
}

/**
 * Whether the call is still what was looked at: by the token of a dry run, or by the number that a person had in mind.
 * @returns null when it is, or when nothing was promised
 */
export async function refuseChanged(
  context: SendContext,
  input: Input,
  asked: Asked,
  { signal, caller: { words } }: Call,
): Promise<SendResult | null> {
  const { confirm, expected_recipients: expected } = input;
  if (confirm === undefined && expected === undefined) return null;
  const promised = confirm === undefined ? undefined : await findConfirmation(context.ledger, confirm);
  if (confirm !== undefined && !promised)
    throw new TidingsError(
      'invalid_argument',
      (of) => `${of.argument('confirm')} is no token of a dry run.`,
      {
        fix: (of) =>
          `Call with ${of.argument('dry_run', true)}, and use the token it gives within 10 minutes.`,
      },
    );
  // Asked again after a lost answer: that send is known, and goes on.
  if (promised?.send_id && promised.send_id === asked.before?.id && promised.asked === hashOf(input, asked))
    return null;
  const seen = await count(context, input, asked, null, signal);
  const why = promised ? whatChanged(promised, input, asked, seen) : null;
  if (why !== null) return toChanged(input, asked, seen, why, words);
  if (expected !== undefined && expected !== seen.wouldSend)
    return toChanged(input, asked, seen, `${people(seen.wouldSend)} would get it, not ${expected}.`, words);
  return null;
}

function whatChanged(
  promised: { asked: string; counts: string; made_at: number; send_id: string | null },
  input: Input,
  asked: Asked,
  seen: Forecast,
): string | null {
  if (promised.send_id !== null) return 'That dry run was confirmed already, and is good for one send.';
  if (promised.asked !== hashOf(input, asked))
    return 'The call is another one than the dry run: its text, audience, channel, campaign or options differ.';
  if (Date.now() - promised.made_at > CONFIRM_MS) return 'The dry run is over 10 minutes old.';
  if (promised.counts === countsOf(seen)) return null;
  const before = JSON.parse(promised.counts) as { would_send: number };
  return before.would_send === seen.wouldSend
    ? 'As many people would get it as in the dry run, and others are skipped now.'
    : `${people(seen.wouldSend)} would get it now, and ${before.would_send} in the dry run.`;
}

const people = (count: number) => (count === 1 ? '1 person' : `${count} people`);

function toChanged(input: Input, asked: Asked, seen: Forecast, why: string, words: Words): SendResult {
  return {
    ...base(input, asked, seen),
    success: false,
    code: 'changed',
    error: why,
    would_send: seen.wouldSend,
    skips: Object.fromEntries(seen.skips),
    next_step: `Nothing was sent by this call. Look again with ${words.argument('dry_run', true)}, and ask the person.`,
    next: [],
  };
}

/** The five totals add up, as they would stand when the call has reached whom it can. */
function base(input: Input, { sender, audience, before }: Asked, seen: Forecast) {
  const skipped = [...seen.skips.values()].reduce((sum, one) => sum + one, 0);
  return {
    audience_id: input.audience_id,
    channel: input.channel,
    total_sent: seen.sent,
    total_failed: seen.failed,
    total_skipped: skipped,
    total_remaining: seen.wouldSend,
    total_in_audience: audience.total_count,
    total_unknown: seen.unknown,
    campaign: input.campaign,
    mode: sender.about.mode,
    sender: sender.about.id,
    ...(before && { send_id: before.id, state: before.state }),
  };
}

function count(
  { ledger, siteName }: SendContext,
  input: Input,
  asked: Asked,
  samples: Samples | null,
  signal: AbortSignal | undefined,
): Promise<Forecast> {
  const { audience, parsed, before } = asked;
  return forecast(
    ledger,
    {
      key: { audience_seq: audience.seq, channel: input.channel },
      total: audience.total_count,
      message: parsed,
      placeholder_policy: input.placeholder_policy,
      siteName,
      send: before ?? null,
      retry: input.retry,
    },
    (reached) => samples?.look(reached),
    signal,
  );
}

function countsOf({ wouldSend, sent, failed, skips }: Forecast): string {
  const bySkip = [...skips].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify({ would_send: wouldSend, sent, failed, skips: bySkip });
}

/** Whatever the call would do, and not how long it waits for it. */
function hashOf(input: Input, { audience, sender, content }: Asked): string {
  const { retry = null, schedule_at = null, allow_repeat, allow_literal } = input;
  const all = [
    audience.id,
    audience.total_count,
    input.channel,
    campaignKey(input.campaign),
    sender.about.id,
  ];
  return createHash('sha256')
    .update(JSON.stringify([...all, content, retry, schedule_at, allow_repeat, allow_literal]))
    .digest('base64url');
}

function warnings({ contactLimit }: SendContext, { sender }: Asked): string[] {
  if (contactLimit === null || sender.about.mode === 'sandbox') return [];
  return [
    `MAX_PER_CONTACT=${contactLimit.text} is looked at when a message leaves: it may skip more of them.`,
  ];
}

/** The hardest among those who would get it: lacking most of what the text names, another script, the longest name. */
class Samples {
  readonly #asked: Asked;
  #first: Reached | null = null;
  #poorest: { reached: Reached; missing: number } | null = null;
  #longest: { reached: Reached; length: number } | null = null;
  #foreign: Reached | null = null;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  look(reached: Reached): void {
    this.#first ??= reached;
    const name = reached.recipient.values.lead.name ?? '';
    const missing = mergeTextsOf(this.#asked.parsed).flatMap((text) =>
      unresolvedFields(text, reached.recipient.values),
    );
    const lacks = missing.length + (name === '' ? 1 : 0);
    if (lacks > (this.#poorest?.missing ?? 0)) this.#poorest = { reached, missing: lacks };
    if (name.length > (this.#longest?.length ?? 0)) this.#longest = { reached, length: name.length };
    if (this.#foreign === null && /\p{L}/u.test(name) && !/\p{Script=Latin}/u.test(name))
      this.#foreign = reached;
  }

  shown(): Sample[] {
    const chosen = [this.#poorest?.reached, this.#foreign, this.#longest?.reached, this.#first];
    const unique = new Map(chosen.flatMap((one) => (one ? [[one.leadId, one]] : [])) as [string, Reached][]);
    return [...unique.values()].slice(0, MOST_SAMPLES).map((one) => this.#show(one, this.#asked.prepared));
  }

  #show({ leadId, recipient }: Reached, prepared: PreparedMessage): Sample {
    const { subject, text, to } = prepared.preview(recipient);
    const { parsed } = this.#asked;
    const isHtml = parsed.channel === 'email' && parsed.format === 'html';
    return {
      lead_id: leadId,
      to,
      subject,
      text,
      ...(isHtml && { html: renderMergeText(parsed.body, recipient.values, escapeHtml) }),
    };
  }
}
