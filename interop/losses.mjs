// The ledger of a run in which nothing may be lost.

/** Counters that are above zero only when the sniffer missed something, or gave something up. */
const OF_LOSS = [
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
  'passedOverBytes',
  'overBodyLimit',
  'contentOverLimit',
  'bodiesUndecodable',
  'bodiesLeftCoded',
  'decoderPanics',
  'undecodable',
];

/**
 * As complaints of `{ text }`. Of the `brokenOff` exchanges each may end in the middle of a head: wsgiref sends the lines of a head
 * one by one, and a client that has gone away resets the connection after the first.
 */
export function losses(run, counters, brokenOff) {
  const names = OF_LOSS.filter((name) => counters[name] !== 0);
  if (counters.lostHeads > brokenOff) names.push('lostHeads');
  return names.map((name) => ({ text: `${run}: ${name} is ${counters[name]}` }));
}
