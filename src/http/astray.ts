import { parseJson, readBody } from './read-body.ts';

/** As much of a call as is read to find its id: whoever sends it has shown no key. */
const LIMIT = 64 * 1024;

/**
 * Where MCP is, for a client that was given the address without its path. It would show its user no other page than an
 * answer of its own protocol.
 * @returns null: it is no call of MCP
 */
export async function astrayAnswer(
  request: Request,
  hold: (bytes: number) => void,
): Promise<Response | null> {
  const body = await readBody(request, hold, LIMIT)
    .then(parseJson)
    .catch(() => null);
  const call = Array.isArray(body) ? body[0] : body;
  if (typeof call !== 'object' || call === null || !('method' in call || 'jsonrpc' in call)) return null;
  const { origin } = new URL(request.url);
  const message = `MCP is not served here: POST it to /mcp, as in ${origin}/mcp.`;
  const id = 'id' in call && ['string', 'number'].includes(typeof call.id) ? call.id : null;
  return Response.json({ jsonrpc: '2.0', error: { code: -32601, message }, id }, { status: 404 });
}
