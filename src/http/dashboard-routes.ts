import type { Context, Hono } from 'hono';
import type { Dashboard } from './dashboard.ts';
import { INDEX_POLICY } from './index-page.ts';
import type { HeldEnv } from './load.ts';

/** The screens, and their files. Loaded with the first page that is asked for: a server that only sends does without. */
export function addDashboardRoutes(
  app: Hono<HeldEnv>,
  indexPage: (c: Context) => Promise<string>,
  find?: () => Dashboard | null,
): void {
  let opening: Promise<{ dashboard: Dashboard | null; screens: readonly string[] }> | undefined;
  const open = () => {
    opening ??= import('./dashboard.ts').then((one) => ({
      dashboard: (find ?? one.Dashboard.find)(),
      screens: one.SCREENS,
    }));
    return opening;
  };
  app.get('*', async (c, next) => {
    if (c.req.path.startsWith('/api/')) return next();
    if (c.req.path === '/preview-frame') {
      const { FRAME_PAGE, framePolicy } = await import('./preview-frame.ts');
      c.header('Content-Security-Policy', framePolicy(c.req.query('pictures') !== undefined));
      c.header('Cache-Control', 'no-cache');
      return c.html(FRAME_PAGE);
    }
    const { dashboard, screens } = await open();
    const isScreen = screens.includes(c.req.path.split('/')[1]!);
    if (dashboard !== null) return isScreen ? dashboard.page(c) : ((await dashboard.asset(c)) ?? next());
    if (!isScreen) return next();
    c.header('Content-Security-Policy', INDEX_POLICY);
    return c.html(await indexPage(c));
  });
}
