import { t } from './index.ts';

/** Who called, as the server names them ("key shop"), in the words of the page. */
export function callerWords(who: string): string {
  const { callers } = t().admin;
  if (who === 'this machine') return callers.machine;
  const [, kind, name] = /^(person|key|app) (.+)$/su.exec(who) ?? [];
  return kind === undefined ? who : callers[kind as 'person' | 'key' | 'app'](name!);
}
