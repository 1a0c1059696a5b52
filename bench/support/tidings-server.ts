import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { processorSeconds } from './processor-time.ts';
import { publishedProgram } from './program.ts';

/** The options that the program begins anew with: whoever gives others of his own gives these, too. */
const STARTS = readFileSync(join(import.meta.dirname, '../../bin/start.js'), 'utf8');
export const NODE_OPTIONS = /FLAGS = '([^']+)'/.exec(STARTS)![1]!.split(' ');
const LOOP_WATCH = join(import.meta.dirname, 'watch-loop.mjs');

// biome-ignore lint/suspicious/noExplicitAny: benches read whatever field they are about
type Answer = any;

/** `tidings serve` in a process of its own, over HTTP, as a user has it. Reads /proc: Linux only. */
export class TidingsServer {
  readonly dataDir: string;
  readonly #env: Record<string, string>;
  readonly #watchesLoop: boolean;
  readonly #args: readonly string[];
  readonly #agent = new Agent({ keepAlive: true });
  #child!: ChildProcess;
  url = '';

  private constructor(env: Record<string, string>, watchesLoop: boolean, args: readonly string[]) {
    this.dataDir = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
    this.#env = env;
    this.#watchesLoop = watchesLoop;
    this.#args = args;
  }

  /** Watching the event loop wakes it 200 times a second: only for whoever asks for {@link loopDelay}. */
  static async start(
    env: Record<string, string> = {},
    { watchesLoop = false, args = [] as readonly string[] } = {},
  ): Promise<TidingsServer> {
    const server = new TidingsServer(env, watchesLoop, args);
    await server.restart();
    return server;
  }

  /** @returns when it was spawned, by `performance.now()`. */
  async restart(): Promise<number> {
    const options = [...NODE_OPTIONS, ...(this.#watchesLoop ? ['--import', LOOP_WATCH] : [])];
    const program = publishedProgram();
    const at = performance.now();
    this.#child = spawn(process.execPath, [...options, program, 'serve', '--port', '0', ...this.#args], {
      env: {
        PATH: process.env['PATH'],
        TIDINGS_DATA_DIR: this.dataDir,
        LOOP_WATCH_FILE: this.#loopFile,
        ...this.#env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    while (!log.includes('Tidings is ready')) {
      if (this.#child.exitCode !== null) throw new Error(`tidings serve ended: ${log}`);
      await sleep(5);
    }
    this.url = /http:\/\/127\.0\.0\.1:\d+/.exec(log)![0];
    return at;
  }

  get #loopFile(): string {
    return join(this.dataDir, 'event-loop.json');
  }

  call(method: string, path: string, body?: object | Readable): Promise<Answer> {
    const key = this.#env['TIDINGS_API_KEY'];
    const headers = {
      'content-type': body instanceof Readable ? 'text/csv' : 'application/json',
      ...(key && { authorization: `Bearer ${key}` }),
    };
    return new Promise((resolve, reject) => {
      const asked = request(this.url + path, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(JSON.parse(text)));
      });
      asked.on('error', reject);
      if (body instanceof Readable) body.pipe(asked);
      else asked.end(body && JSON.stringify(body));
    });
  }

  async audience(filters: object = {}): Promise<string> {
    const { audience_id } = await this.call('POST', '/api/audiences', { name: 'All', ...filters });
    for (;;) {
      const { status } = await this.call('GET', `/api/audiences/${audience_id}`);
      if (status === 'ready') return audience_id;
      await sleep(20);
    }
  }

  /** @returns its result, and how many seconds it took by the ledger. */
  async send(audience_id: string, more: object): Promise<{ result: Answer; seconds: number }> {
    // A bench tells the same people the same thing, round after round.
    const input = { audience_id, max_wait_seconds: 3_600, allow_repeat: true, ...more };
    const result = await this.call('POST', '/api/sends', input);
    const { created_at, completed_at } = await this.call('GET', `/api/sends/${result.send_id}`);
    return { result, seconds: (Date.parse(completed_at) - Date.parse(created_at)) / 1_000 };
  }

  /** How many messages of the newest send have left; 0 when that is not of this campaign yet. */
  async sent(campaign: string): Promise<number> {
    const { sends } = await this.call('GET', '/api/sends?limit=1');
    return sends[0]?.campaign === campaign ? sends[0].total_sent : 0;
  }

  /** Peak of resident memory since the last reset, in MB (10^6 bytes). */
  peakMb(): number {
    return (this.#status('VmHWM') * 1_024) / 1e6;
  }

  residentMb(): number {
    return (this.#status('VmRSS') * 1_024) / 1e6;
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5');
  }

  /** User and system time so far. */
  cpuSeconds(): number {
    return processorSeconds(this.#child.pid!);
  }

  /** How late the event loop was since the last call, in ms; of a server that watches its loop. */
  async loopDelay(): Promise<{ p50: number; p99: number; max: number }> {
    rmSync(this.#loopFile, { force: true });
    this.#child.kill('SIGUSR2');
    for (;;) {
      await sleep(20);
      try {
        return JSON.parse(readFileSync(this.#loopFile, 'utf8'));
      } catch {}
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  #status(name: string): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]);
  }
}
