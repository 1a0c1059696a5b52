import { Pool } from 'undici';

// biome-ignore lint/suspicious/noExplicitAny: a soak reads whatever field it is about
type Answer = any;

/** What is refused because of what others did meanwhile: a send that ended before it could be paused. */
const MEANWHILE = 409;

/** Calls as many people make them, a few at once. */
export class Client {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  calls = 0;
  refusedMeanwhile = 0;

  constructor(url: string, key: string) {
    this.#pool = new Pool(url, { connections: 8 });
    this.#headers = { authorization: `Bearer ${key}` };
  }

  /** @returns the answer; null: refused, as something else had happened meanwhile. @throws Error when it is refused otherwise */
  async call(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object | string): Promise<Answer> {
    this.calls += 1;
    const type = typeof body === 'string' ? 'text/csv' : 'application/json';
    const { statusCode, body: answer } = await this.#pool.request({
      method,
      path,
      headers: { ...this.#headers, ...(body && { 'content-type': type }) },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    if (statusCode === MEANWHILE) {
      this.refusedMeanwhile += 1;
      return null;
    }
    if (statusCode >= 300) throw new Error(`${method} ${path} answers ${statusCode}: ${text.slice(0, 300)}`);
    return path.startsWith('/metrics') ? text : JSON.parse(text);
  }

  /** A page that is looked at: a stream of events, until it is left. @returns after the first of them */
  async look(query: string): Promise<{ leave(): void }> {
    const leaving = new AbortController();
    const { body, statusCode } = await this.#pool.request({
      method: 'GET',
      path: `/api/live?q=${encodeURIComponent(query)}`,
      headers: this.#headers,
      signal: leaving.signal,
    });
    if (statusCode !== 200) throw new Error(`/api/live answers ${statusCode}: ${await body.text()}`);
    const seen = new Promise<void>((resolve) => {
      body.once('data', () => resolve());
      // The server ends it after a minute, or we do.
      body.on('error', () => resolve()).on('end', () => resolve());
    });
    await seen;
    body.resume();
    return { leave: () => leaving.abort() };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
