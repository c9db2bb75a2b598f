// The PROXY protocol: what the proxy says in front of a connection's first request stands on the messages of that connection.
import { isDeepStrictEqual } from 'node:util';
import { idIn } from './compare.mjs';

/** Each message after the proxy names the two ends of the connection before it. */
export function compareProxied(behind, all, hop) {
  const before = new Map();
  for (const { direction, path, receiver, destination } of all)
    if (direction === 'request' && receiver.port === hop.behind) before.set(idIn(path), destination);
  const complaints = [];
  for (const { direction, path, request, proxied } of behind) {
    const id = idIn(path ?? request?.path);
    // `compare` complains of a message that belongs to no exchange.
    if (id === undefined) continue;
    const expected = { source: before.get(id), destination: { ip: '127.0.0.1', port: hop.behind } };
    if (!isDeepStrictEqual(proxied, expected))
      complaints.push({
        id,
        text: `${direction}: proxied ${JSON.stringify(proxied)}, not ${JSON.stringify(expected)}`,
      });
  }
  return complaints;
}
