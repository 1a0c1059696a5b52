/**
 * `cloud.ts LIMIT`: Meta's Cloud API with a token bucket of LIMIT messages a second (0: none). GET /counts tells. After
 * GET /tell?url=…&secret=… it says of each message that it was sent, delivered and read, to that webhook.
 */
import { createServer } from 'node:http';
import { Statuses } from './statuses.ts';

const limit = Number(process.argv[2]);
let tokens = limit;
let filledAt = performance.now();
let taken = 0;
let refused = 0;
let statuses: Statuses | null = null;

function isAllowed(): boolean {
  if (limit === 0) return true;
  const now = performance.now();
  // As deep as a second: so many at once, and no more in any second after.
  tokens = Math.min(limit, tokens + ((now - filledAt) / 1_000) * limit);
  filledAt = now;
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  if (pathname === '/counts')
    return void response.end(JSON.stringify({ taken, refused, ...statuses?.counts() }));
  if (pathname === '/tell') {
    statuses = new Statuses(searchParams.get('url')!, searchParams.get('secret')!);
    return void response.end('{}');
  }
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    if (statuses) body += text;
  });
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    if (isAllowed()) {
      taken += 1;
      const messages = [{ id: `wamid.${taken}` }];
      statuses?.of(`wamid.${taken}`, JSON.parse(body).biz_opaque_callback_data);
      return void response.end(JSON.stringify({ messaging_product: 'whatsapp', contacts: [], messages }));
    }
    refused += 1;
    response.statusCode = 400;
    const message = '(#130429) Rate limit hit';
    response.end(JSON.stringify({ error: { message, type: 'OAuthException', code: 130429 } }));
  });
})
  .listen(0, '127.0.0.1')
  .on('listening', function (this: import('node:http').Server) {
    console.log((this.address() as { port: number }).port);
  });
