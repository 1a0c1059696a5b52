import { useEffect } from 'preact/hooks';
import type { Input, OperationName, Output } from './catalogue.ts';
import { type Called, useCall } from './use-call.ts';

const EVERY_MS = 10_000;

/** What is too dear to be asked each second for whoever looks: asked again now and then, and not by a hidden tab. */
export function usePolled<Name extends OperationName>(name: Name, input: Input<Name>): Called<Output<Name>> {
  const called = useCall(name, input);
  const { reload } = called;
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) reload();
    }, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [reload]);
  return called;
}
