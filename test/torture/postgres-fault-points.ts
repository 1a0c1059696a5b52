/**
 * Preloaded into a process that uses PostgreSQL (`node --import`) by the torture harness: something happens to it at a
 * chosen commit. The harness says which by a message `{ fault: { kind, when, left } }`, and hears `met` if the process lives on.
 *
 * KIND is a transaction that changes rows by such a statement, LEFT says at which of them. WHEN is
 *
 *   before, after   SIGKILL of itself, when the COMMIT has not left, or when it was answered
 *   undone, unheard the connection is lost, before the COMMIT leaves, or with its answer
 *   stalled         SIGSTOP of itself, within the transaction
 */
import { Socket } from 'node:net';
import pg from 'pg';

const SIGNS: Record<string, RegExp> = {
  freeze: /^\s*INSERT INTO deliveries/,
  take: /^\s*UPDATE chunks SET holder = \$1/,
  claim: /SET status = 'sending'/,
  settle: /^\s*UPDATE deliveries d SET status = v.status/,
  recover: /^\s*UPDATE deliveries SET status = 'failed'/,
  'give back': /^\s*UPDATE chunks SET holder = NULL/,
  lease: /^\s*UPDATE sender_buckets SET bucket/,
};

interface Fault {
  readonly kind: string;
  readonly when: string;
  left: number;
}

let armed: Fault | null = null;
process.on('message', ({ fault }: { fault: Fault | null }) => {
  armed = fault;
});
// Not a reason to stay alive; without the harness there is none.
process.channel?.unref();
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const { query } = pg.Client.prototype;
/** Connections within a transaction of the armed kind. */
const marked = new WeakSet<pg.Client>();

pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  const [config] = args as [string | { text?: string } | undefined];
  const text = (typeof config === 'string' ? config : config?.text) ?? '';
  const isDone = text === 'COMMIT' || text === 'ROLLBACK';
  const isMarked = isDone && marked.delete(this);
  if (isMarked && text === 'COMMIT' && armed && --armed.left <= 0) return end(this, armed.when);
  const answer: unknown = Reflect.apply(query, this, args);
  if (armed && SIGNS[armed.kind]!.test(text) && answer instanceof Promise) {
    answer.then(
      ({ rowCount }: pg.QueryResult) => void (rowCount && marked.add(this)),
      () => {},
    );
  }
  return answer;
} as typeof query;

async function end(client: pg.Client, when: string): Promise<unknown> {
  const commit = () => Reflect.apply(query, client, ['COMMIT']) as unknown as Promise<unknown>;
  armed = null;
  if (when === 'before') process.kill(process.pid, 'SIGKILL');
  if (when === 'undone') cut(client);
  if (when === 'undone' || when === 'stalled') await told();
  if (when === 'stalled') process.kill(process.pid, 'SIGSTOP');
  const answer = await commit();
  if (when === 'after') process.kill(process.pid, 'SIGKILL');
  if (when !== 'unheard') return answer;
  cut(client);
  await told();
  throw new Error('Connection terminated unexpectedly');
}

function cut(client: pg.Client): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}

function told(): Promise<void> {
  return new Promise((resolve) => void process.send!('met', () => resolve()));
}

/** Each worker comes from an address of its own, so that a provider's side knows whom it talks to (Linux). */
const localAddress = process.env['TIDINGS_LOCAL_ADDRESS'];
if (localAddress) {
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const [options] = (Array.isArray(args[0]) ? args[0] : args) as [{ host?: string; localAddress?: string }];
    if (options.host === '127.0.0.1') options.localAddress = localAddress;
    return Reflect.apply(connect, this, args);
  } as typeof connect;
}
