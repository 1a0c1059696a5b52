import { GIVEN_UP } from './delivery.store.ts';
import { backoffMs } from './resolve-outcome.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 15 * 60_000;
/** Objections in a row, about an hour of them: who lives there is left for the next call. */
const MOST_OBJECTIONS = 9;
/** Domains that object at one time; beyond this the oldest is forgotten and simply asked again. */
const MOST = 10_000;

interface Gate {
  readonly until: number;
  readonly failures: number;
}

/**
 * Where recipients live (the domain of an address), and until when each of them wants no more mail. One that said
 * "too fast" holds up its own recipients only.
 */
export class DomainGates {
  readonly #gates = new Map<string, Gate>();

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
    this.#gates.set(domain, gate);
    if (this.#gates.size > MOST) this.#gates.delete(this.#gates.keys().next().value!);
    return reopening(gate);
  }

  /** A message was taken there. */
  open(contact: string): void {
    if (this.#gates.size > 0) this.#gates.delete(domainOf(contact));
  }
}

function reopening({ until, failures }: Gate): number {
  return failures < MOST_OBJECTIONS ? until : GIVEN_UP;
}

function domainOf(contact: string): string {
  return contact.slice(contact.lastIndexOf('@') + 1);
}
