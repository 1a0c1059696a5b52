import { signal } from '@preact/signals';
import { ask, Refused, signedOut } from './call.ts';
import { arrive, leave } from './kept.ts';

export interface Me {
  readonly kind: string;
  /** Of the person or the key; others have none. */
  readonly id: string | null;
  readonly name: string | null;
  readonly role: string;
  /** What the role may: read, write, send, approve, administer. */
  readonly may: readonly string[];
  readonly has_users: boolean;
  /** People connect apps here (`OAUTH_ISSUER=self`). */
  readonly connects_apps: boolean;
}

/** Who looks; null while that is not known. */
export const me = signal<Me | null>(null);
/** Nobody is signed in, and somebody has to be. */
export const mustSignIn = signal(false);

/** Asks who looks, and whether anybody has to sign in at all. */
export async function loadMe(): Promise<void> {
  try {
    const now = (await ask('/api/me', {})) as Me;
    if (arrive(now)) return location.reload();
    me.value = now;
    mustSignIn.value = false;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) mustSignIn.value = true;
  }
}

export type Entry =
  | { readonly key: string }
  | { readonly name: string; readonly password: string }
  | { readonly link: string; readonly name?: string; readonly password: string };

/** @throws Refused */
export async function signIn(entry: Entry): Promise<void> {
  await post('POST', entry);
  await loadMe();
}

/** For whom a link is; null: it makes the first person, who chooses a name. @throws Refused */
export async function ownerOfLink(link: string): Promise<string | null> {
  const { link_for } = (await post('POST', { link })) as { link_for: string | null };
  return link_for;
}

export async function signOut(): Promise<void> {
  await post('DELETE', {});
  leave();
  location.assign('/');
}

function post(method: 'POST' | 'DELETE', body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return ask('/api/session', { method, headers, body: JSON.stringify(body) });
}

/** A session that ends while a page is open takes nothing of the page away: it is asked for above it. */
signedOut.tell = () => {
  mustSignIn.value = true;
};
