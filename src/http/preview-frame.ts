import { createHash } from 'node:crypto';

/**
 * Runs in a frame that is of no origin: it is handed one mail by the page around it, takes out what could act, shows the
 * rest, and says how high that is, which nobody outside can measure. It says so again when pictures have come or the width
 * is another one, and not for another height: a mail that is as high as its window would grow with it for ever. A script of
 * the mail has no way to run: the policy knows this one only, by its hash.
 */
const SCRIPT = `'use strict';
const pictures = new URLSearchParams(location.search).has('pictures');
const ACTS = 'script,iframe,frame,object,embed,applet,base,link,meta,portal';
let shownWidth = 0;
const tell = (more) => {
  const { documentElement: root, body } = document;
  shownWidth = innerWidth;
  const bar = innerHeight - root.clientHeight;
  const height = Math.ceil(Math.max(root.getBoundingClientRect().height, body.scrollHeight)) + bar;
  parent.postMessage({ height, ...more }, '*');
};
for (const name of ['load', 'error']) addEventListener(name, () => shownWidth > 0 && tell(), true);
addEventListener('resize', () => shownWidth > 0 && shownWidth !== innerWidth && tell());
addEventListener('message', ({ source, data }) => {
  if (source !== parent || typeof data?.mail !== 'string') return;
  const mail = new DOMParser().parseFromString(data.mail, 'text/html');
  for (const one of mail.querySelectorAll(ACTS)) one.remove();
  let held = 0;
  if (!pictures)
    for (const one of mail.querySelectorAll('[src],[srcset],[background],[poster]')) {
      if (/^(data|cid):/i.test(one.getAttribute('src') ?? '')) continue;
      for (const name of ['src', 'srcset', 'background', 'poster']) one.removeAttribute(name);
      held += 1;
    }
  const styles = [...mail.head.querySelectorAll('style')];
  document.head.replaceChildren(...document.head.querySelectorAll('[data-own]'), ...styles);
  document.body.replaceWith(document.adoptNode(mail.body));
  tell({ held });
});
for (const name of ['click', 'auxclick', 'submit']) addEventListener(name, (event) => event.preventDefault(), true);
parent.postMessage({ ready: true }, '*');`;

const HASH = createHash('sha256').update(SCRIPT).digest('base64');

/** Mails are written for a white ground. */
export const FRAME_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8" data-own><title data-own>Preview</title>
<meta name="viewport" content="width=device-width, initial-scale=1" data-own>
<style data-own>:root { color-scheme: only light; background: #fff; color: #111; font: 15px/1.5 system-ui, sans-serif }</style>
</head><body></body><script data-own>${SCRIPT}</script></html>
`;

/**
 * Of no origin, with no network but the pictures that somebody asked to see, shown by our own pages only.
 * @param pictures whether pictures may be fetched from where they lie
 */
export function framePolicy(pictures: boolean): string {
  return [
    'sandbox allow-scripts',
    "default-src 'none'",
    `script-src 'sha256-${HASH}'`,
    "style-src 'unsafe-inline'",
    `img-src data:${pictures ? ' https: http:' : ''}`,
    "frame-ancestors 'self'",
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
}
