export interface Until {
  readonly signal: AbortSignal;
  /** Takes the listeners off again. Whoever joins signals owes it, however the work ended. */
  end(): void;
}

/**
 * A signal that is aborted with the first of `signals`. Not `AbortSignal.any`, and never the signal of a request handed
 * on as it is: what listens there is held for as long as the longest-lived of them, which is the whole process.
 */
export function untilAny(...signals: readonly AbortSignal[]): Until {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    end() {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}
