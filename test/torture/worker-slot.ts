import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { TidingsProcess } from '../support/tidings-process.ts';

const PRELOAD = [join(import.meta.dirname, 'postgres-fault-points.ts')];
/** Between the end of a process and the start of the next: as a supervisor does. */
const RESTART_MS = 200;

export interface Fault {
  readonly kind: string;
  readonly when: string;
  readonly left: number;
}

/** A place for one process, with its own line to the database; whenever the process ends, another one starts. */
export class WorkerSlot {
  readonly name: string;
  readonly line: TcpProxy;
  process: TidingsProcess;
  /** Stopped, or cut off, so that its chunks go to others. */
  isStalled = false;
  readonly #start: () => TidingsProcess;
  readonly #onEnd: (slot: WorkerSlot, process: TidingsProcess, code: number | null) => void;
  readonly #onMet: (slot: WorkerSlot) => void;
  #isClosed = false;

  private constructor(
    name: string,
    line: TcpProxy,
    start: () => TidingsProcess,
    onEnd: (slot: WorkerSlot, process: TidingsProcess, code: number | null) => void,
    onMet: (slot: WorkerSlot) => void,
  ) {
    this.name = name;
    this.line = line;
    this.#start = start;
    this.#onEnd = onEnd;
    this.#onMet = onMet;
    this.process = this.#run();
  }

  /**
   * @param client the address that its providers see it come from.
   */
  static async open(options: {
    name: string;
    args: readonly string[];
    client: string;
    databaseUrl: string;
    env: Readonly<Record<string, string>>;
    onEnd: (slot: WorkerSlot, process: TidingsProcess, code: number | null) => void;
    /** It met its fault, and lives. */
    onMet: (slot: WorkerSlot) => void;
  }): Promise<WorkerSlot> {
    const url = new URL(options.databaseUrl);
    const line = await startProxy(url.hostname, Number(url.port || 5432));
    url.hostname = '127.0.0.1';
    url.port = String(line.port);
    const env = { ...options.env, DATABASE_URL: url.href, TIDINGS_LOCAL_ADDRESS: options.client };
    return new WorkerSlot(
      options.name,
      line,
      () => new TidingsProcess(options.args, env, PRELOAD),
      options.onEnd,
      options.onMet,
    );
  }

  arm(fault: Fault | null): void {
    // It may have died a moment ago.
    if (this.process.child.connected) this.process.child.send({ fault }, () => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.process.signal('SIGKILL');
    await this.process.ended;
    await this.line.stop();
  }

  /** No other process starts when this one has ended. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#isClosed = true;
    return this.process.end(signal);
  }

  #run(): TidingsProcess {
    const process = this.#start();
    process.child.on('message', () => this.#onMet(this));
    void process.ended.then(async (code) => {
      this.isStalled = false;
      this.#onEnd(this, process, code);
      await sleep(RESTART_MS);
      if (!this.#isClosed) this.process = this.#run();
    });
    return process;
  }
}
