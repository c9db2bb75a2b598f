/** Traffic that was captured and could not be read: how much, what it looks like, and what to do. In: counters, and what the log said. */

import { LOSSES } from '../../losses';
import { count } from './quantities';

/** Of `losses.ts`. */
type Counter = keyof typeof LOSSES;

const KEYS_HELP = '--tls-keylog FILE (tcp-sniffer help tls)';
const SHED_HELP = 'a higher --cpu-limit-share reads more of them; so do fewer ports, or --fields without body';
const FROM_THE_START = 'capture before its connections begin: start the capture first, or restart the client';

/** The advice for counters that say all that there is to know. */
const ADVICE: Partial<Record<Counter, string>> = {
  tlsUnreadNoKeys: 'the key log has to be of this service or its client, and to be written from its start on',
  tlsUnreadWrongKeys: 'the key log is of another service, or of another run',
  tlsUnreadUnsupported:
    'TLS 1.2 and 1.3 with AES or ChaCha20 are read (the log names the suite); others where they are plain',
  tlsUnreadNoHandshake: FROM_THE_START,
  tlsUnreadLostStep: 'packets are missing in the capture; fewer ports, or a larger --ring-buffer-bytes',
  shedBodies: SHED_HELP,
  shedPackets: SHED_HELP,
  http2GivenUp: FROM_THE_START,
  http2LostBlocks: `where the capture began in the middle, ${FROM_THE_START}`,
  http2PartialBlocks: `where the capture began in the middle, ${FROM_THE_START}`,
};

/** The log says what they look like. */
const BY_LOOK: readonly Counter[] = ['notHttpStreams', 'unreadConnections'];

/** Events of the log that say it, and the counter that they belong to. */
export const EVENTS: Readonly<Record<string, Counter>> = { 'not-http': 'notHttpStreams', unread: 'unreadConnections' };

/** Counters that have a row of their own: they are not told once more among the losses. */
export const UNREAD: ReadonlySet<string> = new Set([...BY_LOOK, ...Object.keys(ADVICE)]);

/** For each counter a sentence. `looks`: what the log said that they look like. */
export function* unreadRows(
  engine: Readonly<Record<string, number>>,
  looks: ReadonlyMap<string, ReadonlySet<string>>,
): Generator<string> {
  for (const name of [...BY_LOOK, ...(Object.keys(ADVICE) as Counter[])]) {
    const lost = engine[name] ?? 0;
    if (lost === 0) continue;
    const known = [...(looks.get(name) ?? [])].filter((look) => look !== 'unknown').sort();
    const alike = known.length === 0 ? '' : ` (${known.map((look) => look.toUpperCase()).join(', ')})`;
    const advice = [ADVICE[name] ?? '', ...known.map((look) => adviceOf(name, look))].filter((each) => each !== '');
    yield [`${LOSSES[name]}: ${count(lost)}${alike}`, ...new Set(advice)].join('; ');
  }
}

function adviceOf(name: Counter, look: string): string {
  if (look === 'tls')
    return `TLS is read by its keys: ${KEYS_HELP}; else capture where it is plain, after what ends TLS`;
  if (look === 'http/2' && name === 'unreadConnections') return `HTTP/2 was met in its middle: ${FROM_THE_START}`;
  if (look === 'websocket') return 'messages of WebSockets are read with --stream-messages';
  return '';
}
