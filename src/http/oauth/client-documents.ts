import type { OAuthClient } from '../../core/access/oauth/oauth-server.ts';
import { TidingsError } from '../../errors.ts';
import { fetchFile, type World } from '../../operations/sends/fetch-file.ts';
import { parseJson } from '../read-body.ts';
import { readClientMetadata } from './client-metadata.ts';

/** What the makers of such documents are told to stay below is half of it. */
const BYTES_MAX = 10 * 1024;
const ANSWER_MS = 5_000;
const FRESH_MS = 5 * 60_000;
const KEPT_MAX = 100;

/**
 * Apps whose id is the address of what they say of themselves (OAuth Client ID Metadata Documents). It is fetched for people
 * who have signed in only, from the internet only, and without following anybody to another place.
 */
export class ClientDocuments {
  readonly #kept = new Map<string, { readonly at: number; readonly client: OAuthClient }>();
  readonly #world: World | undefined;

  constructor(world?: World) {
    this.#world = world;
  }

  static isAddress(id: string): boolean {
    if (!URL.canParse(id)) return false;
    const { protocol, pathname, hash, username, password, href } = new URL(id);
    // As it is compared: nobody writes the same address in two ways.
    return protocol === 'https:' && pathname !== '/' && !hash && !username && !password && href === id;
  }

  /** @throws TidingsError `invalid_argument` */
  async find(id: string): Promise<OAuthClient> {
    const known = this.#kept.get(id);
    if (known && performance.now() - known.at < FRESH_MS) return known.client;
    const { host } = new URL(id);
    let document: unknown;
    try {
      const { bytes } = await fetchFile(id, BYTES_MAX, AbortSignal.timeout(ANSWER_MS), this.#world, 0);
      document = parseJson(bytes);
    } catch (cause) {
      throw new TidingsError(
        'invalid_argument',
        `What the app says of itself at ${host} could not be read.`,
        {
          fix: `It has to be JSON of at most ${BYTES_MAX / 1024} kB at a public https:// address, without a redirect.`,
          cause,
        },
      );
    }
    if ((document as { client_id?: unknown } | null)?.client_id !== id)
      throw new TidingsError('invalid_argument', `The document at ${host} is of another app.`, {
        fix: 'Its client_id has to be the address that it lies at.',
      });
    const client = { id, ...readClientMetadata(document) };
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(id, { at: performance.now(), client });
    return client;
  }
}
