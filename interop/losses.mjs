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
  'lostHeads',
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

/** As complaints of `{ text }`. */
export const losses = (run, counters) =>
  OF_LOSS.filter((name) => counters[name] !== 0).map((name) => ({ text: `${run}: ${name} is ${counters[name]}` }));
