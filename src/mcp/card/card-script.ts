/**
 * The script of the card. It speaks with whoever shows it by messages of JSON-RPC (MCP Apps, 2026-01-26), has no network,
 * and writes what it is told as text only: names and messages in it are written by strangers.
 *
 *   ui/initialize ──▶ tool-result ──▶ shown ──▶ sends.get every 2 s while it runs and is seen ──▶ teardown
 */
export const CARD_SCRIPT = `
const waiting = new Map();
let last = 0, send = null, timer = 0, isSeen = true, isOver = false;
const post = (message) => parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
const ask = (method, params) => new Promise((resolve, reject) => {
  waiting.set(++last, { resolve, reject });
  post({ id: last, method, params });
});
const tell = (method, params) => post({ method, params });
const $ = (id) => document.getElementById(id);
const put = (id, text) => { $(id).textContent = text; $(id).hidden = text === ''; };
const number = (value) => Number(value ?? 0).toLocaleString();

addEventListener('message', ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== '2.0') return;
  if (data.method === undefined) {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    return data.error ? one?.reject(new Error(String(data.error.message))) : one?.resolve(data.result);
  }
  const params = data.params ?? {};
  if (data.method === 'ui/notifications/tool-result') show(params.structuredContent);
  if (data.method === 'ui/notifications/host-context-changed') dress(params);
  if (data.method === 'ui/notifications/tool-cancelled') put('state', 'Cancelled');
  if (data.method === 'ui/resource-teardown') {
    isOver = true;
    clearTimeout(timer);
    post({ id: data.id, result: {} });
  }
});

function dress(context) {
  if (context?.theme) document.documentElement.dataset.theme = context.theme;
  for (const [name, value] of Object.entries(context?.styles?.variables ?? {}))
    if (name.startsWith('--') && value) document.documentElement.style.setProperty(name, String(value));
}

function show(answer) {
  if (!answer || typeof answer !== 'object') return;
  send = answer;
  const isLook = answer.dry_run === true;
  const mode = answer.mode === 'sandbox' ? 'sandbox, nothing leaves this machine' : '';
  put('title', isLook ? 'Would be sent' : 'Send');
  put('about', [answer.channel, answer.audience_name, answer.campaign, mode].filter(Boolean).join(' · '));
  put('state', isLook ? 'dry run' : answer.success === false ? (answer.code ?? 'not sent') : (answer.state ?? ''));
  const total = Number(answer.total_in_audience ?? 0);
  const dealt = total - Number(answer.total_remaining ?? 0);
  $('bar').hidden = isLook || !answer.send_id || total === 0;
  $('done').style.width = (total === 0 ? 0 : (100 * dealt) / total) + '%';
  $('bar').setAttribute('aria-valuenow', String(total === 0 ? 0 : Math.round((100 * dealt) / total)));
  put('sum', total === 0 ? '' : isLook
    ? number(answer.would_send) + ' would get it, ' + number(answer.total_skipped) + ' skipped, of ' + number(total)
    : number(answer.total_sent) + ' sent + ' + number(answer.total_failed) + ' failed + ' + number(answer.total_skipped) +
      ' skipped + ' + number(answer.total_remaining) + ' remaining = ' + number(total));
  const skips = Object.entries(answer.skips ?? {}).map(([why, count]) => number(count) + ' ' + why).join(', ');
  const seconds = answer.estimate?.seconds;
  const days = answer.estimate?.days;
  put('facts', [skips && 'Skipped: ' + skips, seconds != null && 'About ' + number(seconds) + ' s',
    days != null && number(days) + ' days'].filter(Boolean).join(' · '));
  put('approval', answer.approval
    ? 'Waits for a person: tidings sends approve ' + answer.approval.code + ' (' + number(answer.approval.recipients) + ' people)'
    : '');
  $('approve').hidden = !answer.approval?.url;
  put('error', answer.error ?? answer.notice ?? (answer.warnings ?? []).join(' '));
  const samples = (answer.samples ?? []).slice(0, 3).map(({ to, subject, text }) => {
    const item = document.createElement('li');
    const who = document.createElement('b');
    who.textContent = to + (subject ? ' — ' + subject : '');
    const what = document.createElement('p');
    what.textContent = text;
    item.append(who, what);
    return item;
  });
  $('samples').replaceChildren(...samples);
  $('samples').hidden = samples.length === 0;
  const canPause = answer.state === 'running' || answer.state === 'scheduled';
  $('pause').hidden = isLook || !canPause || !answer.send_id;
  later();
}

/** Again in two seconds, while there is something to see and somebody sees it. */
function later() {
  clearTimeout(timer);
  const moves = send && send.dry_run !== true && send.send_id && ['running', 'scheduled', 'paused'].includes(send.state);
  if (!isOver && moves && isSeen) timer = setTimeout(() => act('get'), 2000);
}

async function act(verb) {
  const [name, given] = TOOLS[verb];
  try {
    const answer = await ask('tools/call', { name, arguments: { ...given, send_id: send.send_id } });
    if (answer.structuredContent?.success !== false) return show({ ...answer.structuredContent, dry_run: false });
    put('error', answer.structuredContent.error ?? 'It was refused.');
  } catch (error) {
    put('error', error.message);
  }
  later();
}

$('approve').addEventListener('click', () => {
  ask('ui/open-link', { url: send.approval.url }).catch((error) => put('error', error.message));
});
$('pause').addEventListener('click', () => act('pause'));
new IntersectionObserver(([entry]) => { isSeen = entry.isIntersecting; later(); }).observe(document.body);
let height = 0;
new ResizeObserver(() => {
  const now = Math.ceil($('card').getBoundingClientRect().height);
  if (now === height) return;
  height = now;
  tell('ui/notifications/size-changed', { width: Math.ceil(document.body.clientWidth), height: now });
}).observe($('card'));
ask('ui/initialize', {
  appInfo: { name: 'tidings-send', version: '1' }, appCapabilities: {}, protocolVersion: '2026-01-26',
}).then((host) => { dress(host?.hostContext); tell('ui/notifications/initialized', {}); }, () => {});
`;
