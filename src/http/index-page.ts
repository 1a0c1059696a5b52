import type { Tidings } from '../tidings.ts';
import { escapeHtml } from './escape-html.ts';

export const INDEX_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/**
 * What someone sees, where the dashboard is not built, who opens the address in a browser. Everything in one answer: nothing is fetched from elsewhere.
 * @param about what runs here; null for whoever has not shown the key: versions are what attacks are chosen by.
 */
export function indexPage(about: { version: string; modes: Tidings['modes'] } | null): string {
  const channels = Object.entries(about?.modes ?? {})
    .map(([name, mode]) => `<li>${name}: <strong>${mode}</strong></li>`)
    .join('');
  const version = about ? `Version ${escapeHtml(about.version)}. ` : '';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidings</title>
<style>
  :root { color-scheme: light dark }
  body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
  code { font-family: ui-monospace, monospace }
</style>
<h1>Tidings</h1>
<p>${version}Bulk messages over WhatsApp and email: never twice, never lost.</p>
${channels && `<ul>${channels}</ul>`}
<p>The dashboard is not built here: <code>npm run build:web</code> builds it. Sending does not need it.</p>
<ul>
  <li>MCP: <code>POST /mcp</code></li>
  <li>REST: <a href="/api/openapi.json"><code>/api/openapi.json</code></a></li>
  <li>Health: <a href="/health"><code>/health</code></a></li>
</ul>
</html>
`;
}
