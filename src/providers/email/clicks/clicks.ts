import { createHash } from 'node:crypto';
import { findDelivered } from '../../../core/deliveries/delivered.store.ts';
import { insertEvents } from '../../../core/events/event.store.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import type { ClickLinks } from './click-links.ts';

export interface ClicksOptions {
  readonly ledger: Ledger;
  /** null: there is no address by which others reach this server. */
  readonly links: ClickLinks | null;
  readonly log: Log;
  /** Something was written down. */
  readonly onClicked: () => void;
}

/** What is known of whoever follows a link. */
export interface Follower {
  readonly method: string;
  readonly userAgent: string;
  /** It says itself that nobody looks at it yet. */
  readonly isPrefetch: boolean;
}

/** Nobody opens a message and follows a link so soon after it was accepted; what scans mail does. */
const SOON_MS = 5_000;
const MACHINES =
  /bot\b|crawl|spider|scan|preview|proofpoint|barracuda|mimecast|safelinks|symantec|trendmicro|fortiguard|cloudmark|messagelabs|curl\/|wget\/|python|java\/|go-http|okhttp|axios|node|headless|phantom|facebookexternalhit|slackbot|whatsapp/i;

/** The links that count: where they lead, and who followed them. */
export class Clicks {
  readonly #options: ClicksOptions;

  constructor(options: ClicksOptions) {
    this.#options = options;
  }

  /**
   * Writes down that a link was followed; once for each delivery and destination, by a person and by a machine.
   * @param path behind `/c/`
   * @returns where it leads; null: nobody here made it
   */
  async follow(path: string, follower: Follower): Promise<string | null> {
    const click = this.#options.links?.read(path) ?? null;
    if (click === null) return null;
    const { ledger, log, onClicked } = this.#options;
    const { deliveryId, attempt } = click.token;
    try {
      await ledger.write(async (tx) => {
        const found = await findDelivered(tx, deliveryId);
        if (found?.mode !== 'live') return;
        const now = Date.now();
        const isMachine = looksLikeMachine(follower) || found.sentAt === null || now - found.sentAt < SOON_MS;
        const what = createHash('sha256').update(click.destination).digest('base64url').slice(0, 16);
        const event = {
          provider: 'tidings',
          key: `${isMachine ? 'scanned' : 'clicked'}:${deliveryId}:${what}`,
          type: 'clicked',
          sender: null,
          attemptId: `${deliveryId}.${attempt}`,
          contact: null,
          userId: null,
          occurredAt: now,
          code: isMachine ? 'machine' : null,
          detail: null,
        } as const;
        await insertEvents(tx, [event], now);
      });
      onClicked();
    } catch (error) {
      // Whoever reads goes where they wanted to go.
      log.error({ err: error, delivery: deliveryId }, 'a click could not be written down');
    }
    return click.destination;
  }
}

function looksLikeMachine({ method, userAgent, isPrefetch }: Follower): boolean {
  return method !== 'GET' || isPrefetch || userAgent === '' || MACHINES.test(userAgent);
}
