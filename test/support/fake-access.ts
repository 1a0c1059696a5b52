import { Access } from '../../src/core/access/access.ts';
import { OAuthServer } from '../../src/core/access/oauth/oauth-server.ts';
import { SignIn } from '../../src/core/access/sign-in.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';

/** Nobody has made a key or a person, and there is no database to ask. */
export function fakeAccess(): { access: Access; signIn: SignIn; apps: OAuthServer } {
  const ledger = { dialect: 'sqlite', get: async () => undefined, all: async () => [] } as unknown as Ledger;
  const access = new Access({ ledger, apiKey: null });
  return { access, apps: new OAuthServer(ledger, access), signIn: new SignIn(ledger, access) };
}
