import { GIVEN_UP } from '../../deliveries/delivery.ts';
import { backoffMs } from '../../deliveries/resolve-outcome.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 15 * 60_000;
/** Objections in a row, about an hour of them: who lives there is left for the next call. */
const MOST_OBJECTIONS = 9;
/** Equal refusals in a row, with nothing taken between them: the domain wants none of it, whoever lives there. */
const MOST_REFUSALS = 20;
/** Domains that object at one time; beyond this the oldest is forgotten and simply asked again. */
const MOST = 10_000;

interface Gate {
  readonly until: number;
  readonly failures: number;
}

/**
 * Where recipients live (the domain of an address), and until when each of them wants no more mail. One that said
 * "too fast", or refuses everything, holds up its own recipients only.
 */
export class DomainGates {
  readonly #gates = new Map<string, Gate>();
  readonly #refusals = new Map<string, { code: string; count: number }>();

  /** By the clock that waiting is measured with; `GIVEN_UP`: not in this run; null: mail may go there. */
  closedUntil(contact: string, nowMs: number): number | null {
    if (this.#gates.size === 0) return null;
    const gate = this.#gates.get(domainOf(contact));
    return gate && gate.until > nowMs ? reopening(gate) : null;
  }

  /** "Too fast" was heard. @returns when it may be tried again. */
  close(contact: string, nowMs: number, retryAfterMs?: number): number {
    const domain = domainOf(contact);
    const known = this.#gates.get(domain);
    // What was in flight together objects together: that is one objection.
    if (known && known.until > nowMs) return reopening(known);
    const failures = known?.failures ?? 0;
    const until = nowMs + (retryAfterMs ?? backoffMs(failures, Math.random(), FIRST_MS, LONGEST_MS));
    const gate = { until, failures: failures + 1 };
    remember(this.#gates, domain, gate);
    return reopening(gate);
  }

  /** A message was refused for what it is or where it comes from: going on would only fail more leads. */
  refused(contact: string, code: string, nowMs: number): void {
    const domain = domainOf(contact);
    const known = this.#refusals.get(domain);
    const count = known?.code === code ? known.count + 1 : 1;
    remember(this.#refusals, domain, { code, count });
    if (count < MOST_REFUSALS) return;
    this.#refusals.delete(domain);
    remember(this.#gates, domain, { until: nowMs + LONGEST_MS, failures: MOST_OBJECTIONS });
  }

  /** A message was taken there. */
  open(contact: string): void {
    if (this.#gates.size > 0) this.#gates.delete(domainOf(contact));
    if (this.#refusals.size > 0) this.#refusals.delete(domainOf(contact));
  }
}

function remember<T>(of: Map<string, T>, domain: string, what: T): void {
  of.set(domain, what);
  if (of.size > MOST) of.delete(of.keys().next().value!);
}

function reopening({ until, failures }: Gate): number {
  return failures < MOST_OBJECTIONS ? until : GIVEN_UP;
}

function domainOf(contact: string): string {
  return contact.slice(contact.lastIndexOf('@') + 1);
}
