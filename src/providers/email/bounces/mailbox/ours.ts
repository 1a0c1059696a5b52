import { type DeliveryToken, DeliveryTokens } from '../../delivery-token.ts';
import { findUnsubscribeTokens } from '../../unsubscribe/links.ts';
import { BounceAddresses, findBounceTokens } from '../bounce-address.ts';
import { TO_HEADERS } from '../delivery-of.ts';
import type { BounceKind } from '../judge-bounce.ts';
import type { BounceMail } from '../read-mail.ts';

/** What a server, or a provider of mailboxes, says of a message of ours, whoever is told. */
const REPORTS: readonly BounceKind[] = ['hard', 'soft', 'message', 'sender', 'delayed', 'complaint'];
/** Of mail that lies where people's own mail does: whose bounce or complaint is it, if it is one of ours at all? */
export class OurMail {
  readonly #addresses: BounceAddresses;
  readonly #unsubscribes: DeliveryTokens;

  constructor(secret: Buffer) {
    this.#addresses = new BounceAddresses(secret, '');
    this.#unsubscribes = new DeliveryTokens(secret, 'unsubscribe');
  }

  /**
   * The delivery that a mail speaks of, by a proof that only our key makes: in the address that it came to, or, where it
   * is a report, in what it gives back of our message (its envelope, its link to unsubscribe). A `Message-ID` proves
   * nothing: whoever has one of a send can count to those of everybody else. What a person writes is never ours.
   */
  deliveryOf(mail: BounceMail, kind: BounceKind): DeliveryToken | null {
    if (kind === 'none') return null;
    const came = this.#inText(TO_HEADERS.flatMap((name) => mail.header(name)).join('\n'));
    if (came !== null || !REPORTS.includes(kind)) return came;
    const quoted = [...mail.reports, ...mail.feedback, mail.returned].join('\n').replace(/=\r?\n/g, '');
    return (
      this.#inText(quoted) ??
      findUnsubscribeTokens(quoted).find((token) => this.#unsubscribes.proves(token)) ??
      null
    );
  }

  #inText(text: string): DeliveryToken | null {
    return findBounceTokens(text).find((token) => this.#addresses.proves(token)) ?? null;
  }
}
