// The ledger of a run in which nothing may be lost.

/** Counters that are above zero only when the sniffer missed something, or gave something up. */
export const OF_LOSS = [
  'dropped',
  'interfaceDropped',
  'queueDropped',
  'connectionsEvicted',
  'connectionsTimedOut',
  'gaps',
  'gapBytes',
  'lostPairings',
  'malformedStreams',
  'notHttpStreams',
  'overBodyLimit',
  'contentOverLimit',
  'contentOverRatio',
  'contentOverRate',
  'bodiesUndecodable',
  'decoderPanics',
  'undecodable',
  'http2Resyncs',
  'http2LostBlocks',
  'streamBoundariesLost',
  'streamMessagesOverRatio',
  'streamMessagesUnread',
  'tlsBrokenRecords',
  'tlsLostRecords',
  'tlsUnreadLostStep',
  'tlsUnreadNoHandshake',
  'tlsUnreadWrongKeys',
  'tlsWaitsCut',
];

/** A server's bytes still on their way when its client resets the connection: at most its send buffer (tcp(7), tcp_wmem). */
const ON_ITS_WAY_BYTES = 4 * 1024 * 1024;

/**
 * As complaints of `{ text }`. Of the `brokenOff` exchanges each may end in the middle of a head: wsgiref sends the lines of a head
 * one by one, and a client that has gone away resets the connection after the first. The bytes that its server has sent by then are
 * passed over.
 */
export function losses(run, counters, brokenOff) {
  const names = OF_LOSS.filter((name) => counters[name] !== 0);
  if (counters.lostHeads > brokenOff) names.push('lostHeads');
  if (counters.passedOverBytes > brokenOff * ON_ITS_WAY_BYTES) names.push('passedOverBytes');
  return names.map((name) => ({ text: `${run}: ${name} is ${counters[name]}` }));
}

export const isLeftCoded = ({ headers, bodyDecoded, bodySize }) =>
  headers['content-encoding'] === 'gzip' && bodyDecoded === undefined && bodySize > 0;

/**
 * A sniffer that decodes leaves only those bodies coded of which it says so: live, while too much waits for its receiver, which is
 * the runner, and that is slow on a busy machine.
 */
export function leftCoded(run, messages, counted) {
  const found = messages.filter(isLeftCoded).length;
  return found === counted ? [] : [{ text: `${run}: ${found} bodies are left coded, ${counted} are counted` }];
}

/** A sniffer dropped and counted each of `all` messages that it did not show, if the kernel passed it every packet. */
export function uncounted(run, { messages, counters }, all) {
  const { dropped, queueDropped } = counters;
  if (dropped > 0 || messages.length + queueDropped === all) return [];
  return [{ text: `${run}: ${messages.length} messages were shown and ${queueDropped} dropped of ${all}` }];
}
