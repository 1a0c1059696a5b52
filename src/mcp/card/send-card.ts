import type { ToolMode } from '../tools.ts';
import { CARD_SCRIPT } from './card-script.ts';

export const SEND_CARD_URI = 'ui://tidings/send.html';
export const CARD_MIME_TYPE = 'text/html;profile=mcp-app';

/** Of the tool whose answers it shows: hosts that know no cards show the text of the answer. */
export const SEND_CARD_META = { ui: { resourceUri: SEND_CARD_URI }, 'ui/resourceUri': SEND_CARD_URI };
/** No policy is asked for: no network, and no script or style but those that stand in it. */
export const CARD_CONTENT_META = { ui: { prefersBorder: true } };

/** A dry run or a send as a page of its own: the sum, samples, live progress, a button that pauses, and one that opens where a person approves. */
export function sendCard(mode: ToolMode): string {
  const tool = (verb: string) => (mode === 'split' ? [`sends_${verb}`, {}] : ['sends', { action: verb }]);
  const tools = JSON.stringify({ get: tool('get'), pause: tool('pause') });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Send</title><style>${STYLE}</style></head><body>
<main id="card">
<header><h1 id="title">Send</h1><span id="state" role="status">…</span></header>
<p id="about" hidden></p>
<div id="bar" role="progressbar" aria-label="Dealt with" aria-valuemin="0" aria-valuemax="100" hidden><div id="done"></div></div>
<p id="sum" hidden></p><p id="facts" hidden></p><p id="approval" hidden></p><p id="error" hidden></p>
<ol id="samples" hidden></ol>
<button id="pause" type="button" hidden>Pause</button>
<button id="approve" type="button" hidden>Look and approve</button>
</main><script>const TOOLS = ${tools};${CARD_SCRIPT}</script></body></html>`;
}

const DARK = `--ink: var(--color-text-primary, #f2f2f2); --soft: var(--color-text-secondary, #b8b8b8);
  --line: var(--color-border-primary, #5c5c5c); --fill: var(--color-background-info, #7aa7f7); --bad: #ff9d94;`;

/** Colours of the host where it gives them; at most 500 px high, without scrolling inside. */
const STYLE = `
:root { --ink: var(--color-text-primary, #1a1a1a); --soft: var(--color-text-secondary, #595959);
  --line: var(--color-border-primary, #b3b3b3); --fill: var(--color-background-info, #1d5fd1); --bad: #a3261c; }
[data-theme=dark] { ${DARK} }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { ${DARK} } }
body { margin: 0; background: transparent; color: var(--ink); font: 14px/1.4 var(--font-sans, system-ui, sans-serif); }
#card { max-height: 500px; overflow: hidden; padding: 12px; box-sizing: border-box; }
header { display: flex; gap: 8px; align-items: baseline; justify-content: space-between; }
h1 { font-size: 16px; margin: 0; } p { margin: 6px 0; overflow-wrap: anywhere; } #state, #about, #facts { color: var(--soft); }
#bar { height: 8px; border: 1px solid var(--line); border-radius: 5px; overflow: hidden; margin: 8px 0; }
#done { height: 100%; background: var(--fill); width: 0; } #error { color: var(--bad); }
#error, #approval { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
ol { margin: 6px 0; padding: 0; list-style: none; } li { border-top: 1px solid var(--line); padding: 4px 0; }
li p { margin: 2px 0; white-space: pre-line; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
b { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
button { min-height: 44px; min-width: 88px; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 8px; }
[hidden] { display: none !important; }`;
