import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endsWithUs } from './until-exit.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const LINES_KEPT = 200;

/** `tidings serve` or `tidings worker` as a child process, with its log. */
export class TidingsProcess {
  readonly child: ChildProcess;
  /** Its exit code; null: killed. */
  readonly ended: Promise<number | null>;
  /** When it serves or sends; or when it is dead. */
  readonly ready: Promise<void>;
  readonly log: string[] = [];
  /** Where it serves. */
  url = '';
  /** The name by which it holds chunks. */
  holder = '';
  isReady = false;
  isDead = false;

  /** @param preload modules to load before it; they may hear and speak (`process.on('message')`). */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    preload: readonly string[] = [],
  ) {
    const { DATABASE_URL: _, ...own } = process.env;
    this.child = spawn(process.execPath, [...preload.flatMap((file) => ['--import', file]), MAIN, ...args], {
      env: { ...own, ...env },
      stdio: ['ignore', 'ignore', 'pipe', preload.length > 0 ? 'ipc' : 'ignore'],
    });
    endsWithUs(this.child);
    this.ended = once(this.child, 'exit').then(([code]) => {
      this.isDead = true;
      return code as number | null;
    });
    const isReady = new Promise<void>((resolve) => {
      createInterface({ input: this.child.stderr! }).on('line', (line) => {
        this.log.push(line);
        if (this.log.length > LINES_KEPT) this.log.shift();
        this.holder ||= /"holder":"([^"]+)"/.exec(line)?.[1] ?? '';
        this.url ||= /"url":"([^"]+)"/.exec(line)?.[1] ?? '';
        if (!/Tidings is ready|this worker sends/.test(line)) return;
        this.isReady = true;
        resolve();
      });
    });
    this.ready = Promise.race([isReady, this.ended.then(() => {})]);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** @returns its exit code; null: killed. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal);
    return this.ended;
  }

  async call<T>(path: string, body: object | string, type = 'application/json'): Promise<T> {
    const response = await fetch(`${this.url}/api${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return (await response.json()) as T;
  }
}
