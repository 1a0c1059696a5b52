import { useEffect, useState } from 'preact/hooks';
import { call } from './call.ts';
import type { Input, OperationName, Output } from './catalogue.ts';

export interface Called<T> {
  /** What was answered last; it stays while the next answer is on its way, so that nothing jumps. */
  readonly data: T | null;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** What an operation answers, asked once for each input; null: there is nothing to ask yet. */
export function useCall<Name extends OperationName>(
  name: Name,
  input: Input<Name> | null,
): Called<Output<Name>> {
  const [state, setState] = useState<{ data: Output<Name> | null; error: unknown; isLoading: boolean }>({
    data: null,
    error: null,
    isLoading: input !== null,
  });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(input);
  useEffect(() => {
    if (input === null) return;
    const stop = new AbortController();
    setState((before) => ({ ...before, isLoading: true }));
    call(name, input, { signal: stop.signal }).then(
      (data) => !stop.signal.aborted && setState({ data, error: null, isLoading: false }),
      (error: unknown) =>
        !stop.signal.aborted && setState((before) => ({ ...before, error, isLoading: false })),
    );
    return () => stop.abort();
  }, [name, key, turn]);
  return { ...state, reload: () => setTurn(turn + 1) };
}
