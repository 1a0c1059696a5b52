import type { Pool } from 'undici';
import * as z from 'zod';
import type { Answered } from '../../../core/templates/template-registry.ts';
import { fetchMedia } from '../fetch-media.ts';
import { askGraph } from './cloud-registry.ts';
import type { CloudEndpoint } from './settings.ts';

/** An id lives for 30 days. */
const KEPT_MS = 25 * 24 * 60 * 60_000;
const MOST_KEPT = 100;

const uploaded = z.looseObject({ id: z.union([z.string().min(1), z.number()]).transform(String) });

interface Kept {
  readonly answer: Promise<Answered<string>>;
  readonly at: number;
}

/**
 * Files of headers, handed over once by this process and then sent by their id (Cloud API, "Media"): all messages of a send
 * wait for the one upload. One that failed is tried again by the next message.
 */
export class MediaStore {
  readonly #pool: Pool;
  readonly #endpoint: CloudEndpoint;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(pool: Pool, endpoint: CloudEndpoint, now: () => number = Date.now) {
    this.#pool = pool;
    this.#endpoint = endpoint;
    this.#now = now;
  }

  /** The id of what stands at an address. */
  idOf(address: string): Promise<Answered<string>> {
    const known = this.#kept.get(address);
    if (known && this.#now() - known.at < KEPT_MS) return known.answer;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    const answer = this.#upload(address);
    this.#kept.set(address, { answer, at: this.#now() });
    void answer.then(({ ok }) => {
      if (!ok) this.#kept.delete(address);
    });
    return answer;
  }

  async #upload(address: string): Promise<Answered<string>> {
    const file = await fetchMedia(address, this.#endpoint.origin);
    if (!file.ok) return file;
    const { bytes, type, name } = file.value;
    const form = new FormData();
    form.set('messaging_product', 'whatsapp');
    form.set('type', type);
    form.set('file', new Blob([Buffer.from(bytes)], { type }), name);
    const encoded = new Response(form);
    return askGraph(
      this.#pool,
      this.#endpoint,
      {
        method: 'POST',
        path: `${this.#endpoint.path}/media`,
        bytes: new Uint8Array(await encoded.arrayBuffer()),
        contentType: encoded.headers.get('content-type')!,
      },
      (json) => uploaded.safeParse(json).data?.id ?? null,
    );
  }
}
