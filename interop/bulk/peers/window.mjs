// The work that all peers of a bulk run share.
import { Fold, foldOf, messageOf } from '../content.mjs';

const IN_FLIGHT = Number(process.env.BULK_IN_FLIGHT ?? 64);

export const tls = () =>
  process.env.BULK_TLS === undefined
    ? undefined
    : { cert: `${process.env.BULK_TLS}/server.crt`, key: `${process.env.BULK_TLS}/server.key` };

/** Of a server of Node: connections that a browser opens in advance are never asked, and get no 408 for that. */
export const PATIENT = { headersTimeout: 0, requestTimeout: 0 };

/**
 * Sends `count` messages to an echo. `send(message, n)` sends one; the function that is returned takes each answer and returns true
 * with the last. Then `report()` prints what was sent and what came.
 */
export function echoed(count, send) {
  const got = new Fold();
  let next = 0;
  const more = () => {
    while (next < count && next - got.count < IN_FLIGHT) send(messageOf(next), next++);
  };
  return {
    begin: more,
    take(bytes, isBinary) {
      got.add(bytes, isBinary);
      more();
      return got.count === count;
    },
    report: (isBinary) => console.log(JSON.stringify({ sent: foldOf(count, isBinary), got: got.end() })),
  };
}
