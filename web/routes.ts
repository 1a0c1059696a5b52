import type { FunctionComponent } from 'preact';

export type Screen = FunctionComponent<{ readonly id: string }>;
type Loader = () => Promise<{ default: Screen }>;

/** Which screen an address shows; each is loaded when it is first wanted. The part in brackets is given to it as `id`. */
export const ROUTES: readonly (readonly [RegExp, Loader])[] = [
  [/^\/$/, () => import('./screens/home/home.tsx')],
  // Whoever has to sign in is asked on every screen; who is in already is at home here.
  [/^\/sign-in$/, () => import('./screens/home/home.tsx')],
  [/^\/welcome$/, () => import('./screens/welcome/welcome.tsx')],
  [/^\/sends$/, () => import('./screens/sends/sends.tsx')],
  [/^\/sends\/([^/]+)$/, () => import('./screens/send/send.tsx')],
  [/^\/leads$/, () => import('./screens/leads/leads.tsx')],
  [/^\/leads\/import$/, () => import('./screens/import/import.tsx')],
  [/^\/leads\/([^/]+)$/, () => import('./screens/lead/lead.tsx')],
  [/^\/audiences(?:\/([^/]+))?$/, () => import('./screens/audiences/audiences.tsx')],
  [/^\/drafts$/, () => import('./screens/drafts/drafts.tsx')],
  [/^\/drafts\/([^/]+)$/, () => import('./screens/compose/compose.tsx')],
  [/^\/approvals(?:\/([^/]+))?$/, () => import('./screens/approvals/approvals.tsx')],
  [/^\/replies$/, () => import('./screens/replies/replies.tsx')],
  [/^\/suppressions$/, () => import('./screens/suppressions/suppressions.tsx')],
  [/^\/channels$/, () => import('./screens/channels/channels.tsx')],
  [/^\/connect$/, () => import('./screens/connect/connect.tsx')],
  [/^\/settings$/, () => import('./screens/settings/settings.tsx')],
];

export function findRoute(path: string): { readonly load: Loader; readonly id: string } {
  for (const [pattern, load] of ROUTES) {
    const found = pattern.exec(path);
    if (found) return { load, id: decodeURIComponent(found[1] ?? '') };
  }
  return { load: () => import('./screens/not-found.tsx'), id: '' };
}
