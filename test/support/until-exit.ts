import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();
const endings = new Set<() => void>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const end of endings) end();
});

/** However this process ends, by a signal too, the child does not outlive it: also one that was stopped. */
export function endsWithUs(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** Done at the end of this process, unless it is taken back before. @returns what takes it back. */
export function atOurEnd(end: () => void): () => void {
  endings.add(end);
  return () => void endings.delete(end);
}
