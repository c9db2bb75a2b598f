/** Ports for servers that tests start. */

import { type AddressInfo, createServer } from 'node:net';

/** A port that no server has, on loopback and elsewhere, at the time of the call. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
