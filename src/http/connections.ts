import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const CONNECTIONS_MAX = 2_000;
/** Files that the rest of the process needs: relays, providers, the database. */
const FILES_FOR_OTHERS = 128;

/**
 * Bounds connections, and keeps room for those who ask: when it gets narrow, the one goes that has been open longest
 * without a whole request. Else a few hundred that never say anything would shut out everybody for as long as they are
 * waited for. Not by address: behind a proxy all callers have the same.
 */
export function boundConnections(server: Server, max = connectionsMax()): void {
  const silent = new Set<Socket>();
  server.maxConnections = max;
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    const [oldest] = silent;
    if (silent.size > max / 2) oldest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    silent.delete(socket);
    // Between two requests it is as silent as a new one.
    response.once('close', () => !socket.destroyed && silent.add(socket));
  });
}

/** Node raises its limit of open files as far as it may; what it has then stands here on Linux. */
function connectionsMax(): number {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Math.min(CONNECTIONS_MAX, Math.max(32, Number(limit ?? CONNECTIONS_MAX) - FILES_FOR_OTHERS));
  } catch {
    return CONNECTIONS_MAX;
  }
}
