import type { Reached } from '../../core/deliveries/forecast.ts';
import type { PreparedMessage } from '../../core/deliveries/sender.ts';
import { renderMergeText, unresolvedFields } from '../../core/messages/merge-text.ts';
import { mergeTextsOf } from '../../core/messages/message.ts';
import { escapeHtml } from '../../providers/email/message/mime.ts';
import type { Sample } from './send.schema.ts';
import type { Asked } from './send-bulk-messages.ts';

const MOST_SAMPLES = 3;

/** The hardest among those who would get it: lacking most of what the text names, another script, the longest name. */
export class Samples {
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
