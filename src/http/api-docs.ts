import type { Hono } from 'hono';
import type { Dashboard } from './dashboard.ts';
import type { HeldEnv } from './load.ts';

/**
 * `/api/docs`: the page that shows `/api/openapi.json` to people. The page itself tells nothing and needs no key; the
 * document does. Loaded with the first time it is asked for.
 */
export function addApiDocs(app: Hono<HeldEnv>, find?: () => Dashboard | null): void {
  app.get('/api/docs/:file?', async (c, next) => {
    const { Dashboard } = await import('./dashboard.ts');
    const dashboard = (find ?? Dashboard.find)();
    if (dashboard !== null) return (await dashboard.apiDocs(c)) ?? next();
    const error = 'The pages for people are not built here.';
    const fix = 'npm run build:web builds them; /api/openapi.json needs no build.';
    return c.json({ success: false, error, code: 'not_found', fix }, 404);
  });
}
