import { backoffMs } from './resolve-outcome.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 15 * 60_000;
/** Domains that object at one time; beyond this the oldest is forgotten and simply asked again. */
const MOST = 10_000;

/**
 * Where recipients live (the domain of an address), and until when each of them wants no more mail. One that said
 * "too fast" holds up its own recipients only.
 */
export class DomainGates {
  readonly #gates = new Map<string, { until: number; failures: number }>();

  /** Milliseconds by the clock that waiting is measured with, or null when mail may go there. */
  closedUntil(contact: string, nowMs: number): number | null {
    if (this.#gates.size === 0) return null;
    const until = this.#gates.get(domainOf(contact))?.until ?? 0;
    return until > nowMs ? until : null;
  }

  /** "Too fast" was heard. @returns when it may be tried again. */
  close(contact: string, nowMs: number, retryAfterMs?: number): number {
    const domain = domainOf(contact);
    const known = this.#gates.get(domain);
    // What was in flight together objects together: that is one objection.
    if (known && known.until > nowMs) return known.until;
    const failures = known?.failures ?? 0;
    const until = nowMs + (retryAfterMs ?? backoffMs(failures, Math.random(), FIRST_MS, LONGEST_MS));
    this.#gates.set(domain, { until, failures: failures + 1 });
    if (this.#gates.size > MOST) this.#gates.delete(this.#gates.keys().next().value!);
    return until;
  }

  /** A message was taken there. */
  open(contact: string): void {
    if (this.#gates.size > 0) this.#gates.delete(domainOf(contact));
  }
}

function domainOf(contact: string): string {
  return contact.slice(contact.lastIndexOf('@') + 1);
}
