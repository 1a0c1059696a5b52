import { defineConfig } from 'vite';

const server = process.env['TIDINGS_URL'] ?? 'http://localhost:3000';

/** `npm run dev` reloads what is changed, and asks a server that runs beside it for everything else. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // A picture inside of a style sheet is no picture of ours to the policy of the pages.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 5173, proxy: { '/api': server, '/health': server, '/preview-frame': server } },
});
