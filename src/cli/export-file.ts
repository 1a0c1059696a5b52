import { closeSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { TidingsError } from '../errors.ts';
import { runCsv, runDownload } from '../operations/run-operation.ts';
import { createPrivateFile } from '../private-files.ts';
import { oneLine } from '../visible.ts';
import { type CommandContext, operationNamed, shellCaller } from './context.ts';
import { onInterrupt } from './interrupt.ts';
import { RejectsFile } from './rejects-file.ts';
import type { Spelling } from './shell-words.ts';

/** `leads export` and `suppressions export`: a piece after the other, so that millions need no memory. */
export function exportFile(
  context: CommandContext,
  name: string,
  given: object,
  file: string | undefined,
  spelling: Spelling,
): Promise<number> {
  const { output } = context;
  const input = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const target = file === undefined || file === '-' ? null : new PartialFile(file);
  return context.withTidings(async (tidings) => {
    const operation = operationNamed(tidings, name);
    const caller = shellCaller(tidings, spelling);
    const stop = new AbortController();
    const release = onInterrupt(() => stop.abort());
    const give = operation.download ? runDownload : runCsv;
    try {
      const pieces = give(operation, input, caller, { signal: stop.signal });
      if (target) await target.writeAll(pieces);
      else if (output.json) return await output.csvDocument(pieces);
      else for await (const piece of pieces) if (!(await output.piece(piece))) break;
    } catch (error) {
      if (stop.signal.aborted) throw new TidingsError('conflict', 'Stopped; nothing was written whole.');
      throw error instanceof TidingsError ? error.in(caller.words) : error;
    } finally {
      release();
    }
    if (target) output.result({ success: true, file }, () => `Written to ${oneLine(file!)}.`);
    return 0;
  });
}

/** A file that is there when it is whole: until then, one of that name stays as it was. */
class PartialFile {
  readonly #wanted: string;

  /** @throws TidingsError when nothing can be written there */
  constructor(wanted: string) {
    new RejectsFile(wanted, true, null, 'The file').close();
    this.#wanted = wanted;
  }

  async writeAll(pieces: AsyncIterable<string>): Promise<void> {
    const part = `${this.#wanted}.${process.pid}.part`;
    rmSync(part, { force: true });
    const descriptor = createPrivateFile(part);
    try {
      try {
        for await (const piece of pieces) writeFileSync(descriptor, piece);
      } finally {
        closeSync(descriptor);
      }
      renameSync(part, this.#wanted);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
  }
}
