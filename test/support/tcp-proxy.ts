import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Resets every connection, on both sides. */
  cut(): void;
  /** Nothing comes through any more, either way, and no connection is told. */
  hold(): void;
  /** What was held goes on. */
  letGo(): void;
  stop(): Promise<void>;
}

/** A line to a server that can be cut and held. */
export async function startProxy(targetHost: string, targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isHeld = false;

  const server = createServer((inner) => {
    const outer = connect(targetPort, targetHost);
    const pair = [inner, outer] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [outer, inner] as const]) {
      one.setNoDelay(true);
      one.on('data', (bytes) => void other.write(bytes));
      one.on('end', () => other.end());
      // Whatever ends one side ends the other in the same way.
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
      if (isHeld) one.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const all = () => [...pairs].flat();
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      for (const socket of all()) socket.resetAndDestroy();
    },
    hold() {
      isHeld = true;
      for (const socket of all()) socket.pause();
    },
    letGo() {
      isHeld = false;
      for (const socket of all()) socket.resume();
    },
    async stop() {
      server.close();
      for (const socket of all()) socket.destroy();
      await once(server, 'close');
    },
  };
}
