import type { Reached } from '../../core/deliveries/forecast.ts';
import type { PreparedMessage } from '../../core/deliveries/sender.ts';
import { unresolvedFields } from '../../core/messages/merge-text.ts';
import { mergeTextsOf } from '../../core/messages/message.ts';
import type { Sample } from './send.schema.ts';
import type { Asked } from './send-bulk-messages.ts';

const MOST_SAMPLES = 3;

/** The hardest among those who would get it: lacking most of what the text names, another script, the longest name. */
export class Samples {
  readonly #asked: Asked;
  readonly #first: Reached[] = [];
  #poorest: { reached: Reached; missing: number } | null = null;
  #longest: { reached: Reached; length: number } | null = null;
  #foreign: Reached | null = null;
  /** One who would get the text, and one who would get the template. */
  readonly #byWay = new Map<boolean, Reached>();

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  look(reached: Reached): void {
    if (this.#first.length < MOST_SAMPLES) this.#first.push(reached);
    const byTemplate = reached.recipient.byTemplate ?? false;
    if (!this.#byWay.has(byTemplate)) this.#byWay.set(byTemplate, reached);
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
    const ways = this.#byWay.size > 1 ? [...this.#byWay.values()] : [];
    const chosen = [...ways, this.#poorest?.reached, this.#foreign, this.#longest?.reached, ...this.#first];
    const unique = new Map(chosen.flatMap((one) => (one ? [[one.leadId, one]] : [])) as [string, Reached][]);
    return [...unique.values()].slice(0, MOST_SAMPLES).map((one) => this.#show(one, this.#asked.prepared));
  }

  #show({ leadId, recipient }: Reached, prepared: PreparedMessage): Sample {
    const { subject, text, html, to } = prepared.preview(recipient);
    const hasWays = this.#asked.content.template !== null;
    return {
      lead_id: leadId,
      to,
      subject,
      text,
      ...(html !== undefined && { html }),
      ...(hasWays && { way: recipient.byTemplate ? ('template' as const) : ('text' as const) }),
    };
  }
}
