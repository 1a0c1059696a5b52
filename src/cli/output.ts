import { createRequire } from 'node:module';
import type cliProgress from 'cli-progress';
import { count } from '../amounts.ts';
import { TidingsError } from '../errors.ts';
import { oneLine, visible, visibleJson } from '../visible.ts';
import { type Colors, colors, toTerminal } from './colors.ts';
import { duration } from './duration.ts';
import type { CliHost } from './host.ts';
import { type Cell, table } from './table.ts';
import { wrap } from './wrap.ts';

/** Between two lines about something that goes on, where no bar can be drawn. */
const LINE_MS = 10_000;
const BAR_COLUMNS = 20;

type Json = Record<string, unknown>;

export interface Bar {
  /** `total` null: nobody knows how much there is. */
  update(done: number, total: number | null, note?: string): void;
  stop(): void;
}

/**
 * What a command writes: tables for people, one JSON document for scripts, bars only where somebody looks. Everything
 * passes here, and is made harmless for a terminal here.
 */
export class Output {
  readonly json: boolean;
  readonly colors: Colors = colors;
  readonly #host: CliHost;
  readonly #bars: boolean;
  #readerGone = false;
  #lost: Error | null = null;

  constructor(host: CliHost, json: boolean) {
    this.#host = host;
    this.json = json;
    this.#bars = !json && host.stderr.isTTY === true;
    // `tidings … | head` closes the pipe early: nobody is left to tell, and what was asked goes on.
    for (const stream of [host.stdout, host.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        this.#readerGone = true;
        if (error.code !== 'EPIPE') this.#lost ??= error;
      });
    }
  }

  /** Whether a person sees the result as it is. */
  get isTerminal(): boolean {
    return !this.json && this.#host.stdout.isTTY === true;
  }

  /** Why the result did not get to where it was written, as on a full disk; null: it did, or its reader had enough. */
  async lost(): Promise<Error | null> {
    // A stream tells it in the next round of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#lost;
  }

  /** The result: the document with --json, else what `show` makes of it. */
  result(document: Json, show: () => string): void {
    if (this.json) this.#document(document);
    else this.text(`${this.#filled(show(), this.columns)}\n`);
  }

  /** For people only, as part of the result. */
  line(text = ''): void {
    if (!this.json) this.text(`${this.#filled(text, this.columns)}\n`);
  }

  /** For people only, beside the result; not into a pipe or file that takes it. */
  note(text: string): void {
    if (!this.json) this.aside(`${text}\n`);
  }

  /** A failure as told to whoever asked. @returns the exit code: 2 for wrong usage, else 1. */
  failure(error: unknown): number {
    const { message, code, fix } = explain(error);
    if (this.json) this.#document(failureDocument(error));
    else {
      const { isTTY, columns } = this.#host.stderr;
      const told = `${colors.red('Error:')} ${oneLine(message)}${fix ? `\n${oneLine(fix)}` : ''}`;
      this.aside(`${this.#filled(told, (isTTY && columns) || Number.POSITIVE_INFINITY)}\n`);
    }
    if (code === 'internal' && /^(debug|trace)$/.test(this.#host.env['LOG_LEVEL'] ?? '')) {
      this.aside(`${error instanceof Error ? error.stack : String(error)}\n`);
    }
    return code === 'invalid_argument' || code === 'invalid_template' ? 2 : 1;
  }

  /** An aligned table under a header, cut to the width of a terminal; a pipe, or a terminal that tells none (0), gets the whole. */
  table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
    const [first, ...rest] = table(header, rows, this.columns).split('\n');
    return [this.colors.bold(first!), ...rest].join('\n');
  }

  /** Of the terminal that shows the result; without one no line is too long. */
  get columns(): number {
    const { isTTY, columns } = this.#host.stdout;
    return (isTTY && columns) || Number.POSITIVE_INFINITY;
  }

  /** Text for whoever reads the result. */
  text(text: string): void {
    this.#out(toTerminal(text, this.#isColored(this.#host.stdout)));
  }

  /**
   * A piece of a file that is the result: as it is, unless a terminal shows it. Resolves when the reader has taken enough
   * for the next one.
   * @returns false when there is no reader any more
   */
  async piece(text: string): Promise<boolean> {
    const { stdout } = this.#host;
    if (stdout.isTTY) this.text(text);
    else if (!this.#readerGone && !stdout.write(text)) await this.#drained();
    return !this.#readerGone;
  }

  /**
   * A document with the CSV in it, written as that comes; how it went stands behind it.
   * @throws what the first piece throws, before anything is written
   * @returns the exit code
   */
  async csvDocument(pieces: AsyncGenerator<string>): Promise<number> {
    let { value, done } = await pieces.next();
    this.#out('{ "csv": "');
    let failed: object | null = null;
    try {
      while (!done && (await this.piece(visibleJson(JSON.stringify(value).slice(1, -1)))))
        ({ value, done } = await pieces.next());
    } catch (error) {
      failed = failureDocument(error);
    }
    this.#out(`", ${visibleJson(JSON.stringify(failed ?? { success: true }).slice(1))}\n`);
    return failed ? 1 : 0;
  }

  #drained(): Promise<void> {
    const { stdout } = this.#host;
    return new Promise((resolve) => {
      const done = () => {
        for (const event of ['drain', 'error', 'close']) stdout.off(event, done);
        resolve();
      };
      for (const event of ['drain', 'error', 'close']) stdout.once(event, done);
    });
  }

  /** Text beside the result. */
  aside(text: string): void {
    this.#host.stderr.write(toTerminal(text, this.#isColored(this.#host.stderr)));
  }

  /** A live bar on stderr when that is a terminal, else a line every ten seconds; with --json nothing. */
  bar(label: string, show: (amount: number) => string = count): Bar {
    if (this.json) return { update() {}, stop() {} };
    if (!this.#bars) return this.#lines(label, show);
    const stream = this.#host.stderr;
    const name = visible(label);
    const pace = paceOf();
    const known = `${name} {bar} {percentage}%  {shown}  {note}`;
    let bar: cliProgress.SingleBar | undefined;
    return {
      update(done, total, remark = '') {
        const shown = total === null ? show(done) : `${show(done)} of ${show(total)}`;
        const before = name.length + shown.length + (total === null ? 3 : BAR_COLUMNS + '  100%   '.length);
        const room = (stream.columns || Number.POSITIVE_INFINITY) - before;
        const note = whatFits([pace(done, total), ...remark.split(', ')].map(oneLine), room);
        const most = Math.max(total ?? 1, 1);
        const at = total === null ? 0 : Math.min(done, most);
        if (bar) {
          bar.setTotal(most);
          bar.update(at, { shown, note });
          return;
        }
        const format = total === null ? `${name} {shown}  {note}` : known;
        // Loaded when a bar is drawn, which a server never does.
        const { Presets, SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof cliProgress;
        bar = new SingleBar(
          { format, hideCursor: true, stream, barsize: BAR_COLUMNS, fps: 12 },
          Presets.shades_classic,
        );
        bar.start(most, at, { shown, note });
      },
      stop: () => bar?.stop(),
    };
  }

  #lines(label: string, show: (amount: number) => string): Bar {
    const pace = paceOf();
    let toldAt = performance.now();
    return {
      update: (done, total, remark = '') => {
        const left = pace(done, total);
        if (performance.now() - toldAt < LINE_MS) return;
        toldAt = performance.now();
        const shown = total === null ? show(done) : `${show(done)} of ${show(total)}`;
        this.aside(`${oneLine([`${label}: ${shown}`, left, remark].filter(Boolean).join(', '))}\n`);
      },
      stop() {},
    };
  }

  #document(document: Json): void {
    this.#out(`${visibleJson(JSON.stringify(document, null, 2))}\n`);
  }

  /** Prose and fields break between words; commands stay lines that can be copied, and so does what is indented. */
  #filled(text: string, columns: number): string {
    if (!Number.isFinite(columns)) return text;
    const fill = (line: string) => {
      if (/^ |\b(tidings|npm|npx|curl) \w/.test(line)) return line;
      const name = /^[a-z_]+ {2,}/.exec(line)?.[0] ?? '';
      return name + wrap(line.slice(name.length), columns, name.length);
    };
    return text.split('\n').map(fill).join('\n');
  }

  #isColored(stream: { isTTY?: boolean }): boolean {
    return stream.isTTY === true && !this.#host.env['NO_COLOR'];
  }

  #out(text: string): void {
    if (!this.#readerGone) this.#host.stdout.write(text);
  }
}

/** As many of the parts as a line has room for: one that the terminal cuts says something else. */
function whatFits(parts: readonly string[], room: number): string {
  let note = '';
  for (const part of parts.filter(Boolean)) {
    const longer = note === '' ? part : `${note}, ${part}`;
    if (longer.length > room) break;
    note = longer;
  }
  return note;
}

/** How fast something goes since it was first told, and how long it takes at that; `''` while nobody can say. */
function paceOf(): (done: number, total: number | null) => string {
  let first: { readonly done: number; readonly at: number } | null = null;
  return (done, total) => {
    first ??= { done, at: performance.now() };
    const seconds = (performance.now() - first.at) / 1_000;
    if (total === null || seconds < 1 || done <= first.done) return '';
    const rate = (done - first.done) / seconds;
    const left = done < total ? `, ${duration((total - done) / rate)} left` : '';
    return `${count(Math.max(1, Math.round(rate)))}/s${left}`;
  };
}

function failureDocument(error: unknown): Json {
  const { message, code, fix } = explain(error);
  return { success: false, error: message, code, ...(fix && { fix }) };
}

function explain(error: unknown): { message: string; code: string; fix?: string | undefined } {
  if (error instanceof TidingsError) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  if (typeof path === 'string' && typeof code === 'string') {
    const why: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'there is no permission',
      EISDIR: 'it is a folder',
      ENOSPC: 'the disk is full',
    };
    const fix = code === 'EACCES' ? 'Use a folder or file that this user may read and write.' : undefined;
    return { message: `${path} cannot be used: ${why[code] ?? code}.`, code: 'invalid_file', fix };
  }
  if (code === 'ENOSPC')
    return { message: 'The disk is full.', code: 'storage', fix: 'Free some space, and run it again.' };
  // Told by reading, which knows no path.
  if (code === 'EISDIR')
    return { message: 'A folder was given where a file is wanted.', code: 'invalid_file' };
  return {
    message: 'Something unexpected went wrong; what was confirmed before is stored.',
    code: 'internal',
    fix: 'Run it again with LOG_LEVEL=debug to see the cause, and report it if it stays.',
  };
}
