import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { quantile } from '../bench.ts';

/** As Meta sends them: some in one request, many requests at once. */
const IN_ONE = 10;
const AT_ONCE = 32;
const EVERY_MS = 10;
/** So many for each message: sent, delivered, read. */
const KINDS = ['sent', 'delivered', 'read'];

/** What a scripted Cloud API says of its messages, three times as often as it is asked for one. */
export class Statuses {
  readonly #url: string;
  readonly #secret: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  readonly #waiting: object[] = [];
  readonly #answeredMs: number[] = [];
  #open = 0;
  #told = 0;
  #failed = 0;
  #lastFailure = '';

  constructor(url: string, secret: string) {
    this.#url = url;
    this.#secret = secret;
    setInterval(() => this.#flush(), EVERY_MS).unref();
  }

  of(id: string, attempt: string): void {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    for (const status of KINDS)
      this.#waiting.push({ id, status, timestamp, biz_opaque_callback_data: attempt });
  }

  counts() {
    const [p50, p99] = [0.5, 0.99].map((share) => quantile(this.#answeredMs, share));
    return {
      told: this.#told,
      failed: this.#failed,
      last_failure: this.#lastFailure,
      behind: this.#waiting.length,
      p50,
      p99,
    };
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#open < AT_ONCE) this.#post(this.#waiting.splice(0, IN_ONE));
  }

  #post(statuses: readonly object[]): void {
    const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: '1234567890' }, statuses };
    const changes = [{ field: 'messages', value }];
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] });
    const signature = createHmac('sha256', this.#secret).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
    const startedAt = performance.now();
    this.#open += 1;
    const asked = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
      response.resume().on('end', () => {
        this.#open -= 1;
        this.#answeredMs.push(performance.now() - startedAt);
        if (response.statusCode === 200) this.#told += statuses.length;
        else this.#fail(statuses, `status ${response.statusCode}`);
        this.#flush();
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      this.#open -= 1;
      // The server closed a connection that had been idle just as it was used again: nobody has refused anything, and every
      // provider says it once more (https://nodejs.org/api/http.html#requestreusedsocket).
      if (asked.reusedSocket && error.code === 'ECONNRESET') this.#waiting.unshift(...statuses);
      else this.#fail(statuses, error.message);
    });
    asked.end(body);
  }

  #fail(statuses: readonly object[], why: string): void {
    this.#failed += statuses.length;
    this.#lastFailure = why;
  }
}
