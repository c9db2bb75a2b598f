/**
 * Which of the engine's counters mean that something did not come out, in words for people. Each counter is in one of the two
 * lists; a counter that is in neither is told by its name, so that none is forgotten.
 */

const WORDS = {
  dropped: 'packets dropped by the kernel (its ring was full)',
  interfaceDropped: 'packets dropped by the interface',
  undecodable: 'packets not understood (the log says what they are)',
  datagramsLost: 'fragmented packets of which parts are missing',
  queueDropped: 'messages dropped (outputs too slow)',
  shedBodies: 'bodies left out (cpuLimitShare)',
  shedPackets: 'packets of connections left out (cpuLimitShare)',
  shedBytes: 'bytes of connections left out (cpuLimitShare)',
  shedConnections: 'connections left out while they were read (cpuLimitShare)',
  gapBytes: 'bytes that never arrived',
  lostHeads: 'messages whose head was lost',
  unpairedResponses: 'responses whose request is not known',
  lostPairings: 'times requests and responses could not be matched any more',
  passedOverBytes: 'bytes passed over: it was not known which message they belong to',
  outOfWindowSegments: 'segments that fit no connection',
  malformedStreams: 'streams that broke HTTP',
  notHttpStreams: 'streams that are not HTTP/1.x',
  unreadConnections: 'connections of which nothing was understood',
  unreadBytes: 'bytes of connections of which nothing was understood',
  tlsUnreadNoKeys: 'TLS connections whose keys did not come',
  tlsUnreadWrongKeys: 'TLS connections whose keys do not fit',
  tlsUnreadUnsupported: 'TLS connections with a cipher or version that is not read',
  tlsUnreadNoHandshake: 'TLS connections whose handshake was not captured',
  tlsUnreadLostStep: 'TLS connections that could not be read on after a loss',
  tlsUnreadBytes: 'bytes of TLS that were not read',
  tlsBrokenRecords: 'TLS records that are damaged',
  tlsLostRecords: 'TLS records of which parts were not captured',
  tlsWaitsCut: 'times TLS records could not wait for their keys (a limit)',
  switchedTunnel: 'connections that went on as a tunnel (CONNECT)',
  switchedWebSocket: 'connections that went on as WebSocket',
  switchedTls: 'connections that went on with TLS',
  switchedOther: 'connections that went on with another protocol',
  switchedBytes: 'bytes of another protocol after a switch',
  streamMessagesUnread: 'messages inside streams that could not be read',
  streamMessagesOverRatio: 'messages inside streams that were cut: too much of them from too few bytes',
  streamBoundariesLost: 'times it was not known where the next message of a stream begins',
  streamContextsLost: 'times that the text to which the next messages of a stream refer was forgotten',
  streamsGivenUp: 'directions of streams that broke their protocol',
  http2Resyncs: 'times it was not known where the next HTTP/2 frame begins',
  http2GivenUp: 'directions of HTTP/2 connections in which no frame was found any more',
  http2LostBlocks: 'HTTP/2 header blocks that were lost or over a limit',
  http2PartialBlocks: 'HTTP/2 header blocks of which some fields are not known',
  http2EvictedStreams: 'HTTP/2 streams dropped at the limit of open streams',
  handshakesForgotten: 'halves of handshakes that could not be kept until the other half came',
  mptcpConnections: 'subflows of Multipath TCP, of which bytes may be missing',
  filterJudgedEarly: 'exchanges that the filter decided before they were complete (a limit)',
  triggerEvicted: 'messages dropped before a trigger came for them: the memory was full (triggerMemoryBytes)',
  triggerWindowsCut: 'triggers before which some messages were not in memory any more',
  triggerJudgedInPart: 'exchanges that were judged as a trigger by one half only (the other half was dropped)',
  triggerFailed: 'messages around a trigger that were lost by an error (the log says which); this is a bug',
  excessBytes: 'bytes after responses that have no body',
  connectionsEvicted: 'connections dropped at a limit',
  incompleteGap: 'messages with a gap',
  incompleteClosed: 'messages cut by the end of their connection',
  incompleteReset: 'messages cut by a reset',
  incompleteMalformed: 'messages whose end is in doubt',
  incompleteEvicted: 'messages cut at a limit',
  incompleteTimeout: 'messages cut by the idle timeout',
  incompleteStopped: 'messages cut by the end of the capture',
  overBodyLimit: 'bodies cut at maxBodySize',
  contentOverLimit: 'bodies whose content was cut at maxBodySize',
  contentOverRatio: 'bodies whose content was cut: too much of it from too few bytes',
  contentOverRate: 'bodies whose content was cut: too much of it at one time',
  contentWithoutEnd: 'bodies whose content has no end',
  contentCutEscaped: 'bodies whose content was cut: escapes made it too long',
  bodiesCutEscaped: 'bodies cut: escapes made them too long',
  headsCutEscaped: 'heads cut: escapes made them too long',
  cutBodies: 'bodies cut to keep memory in bounds',
  bodiesLeftCoded: 'bodies left coded: there was no time to decode them',
  grpcMessagesUndecodable: 'compressed gRPC messages that could not be decompressed',
  grpcMessagesLeftCoded: 'compressed gRPC messages left compressed: there was no time to decompress them',
  grpcMessagesOverLimit: 'gRPC messages that are cut: too much in one body',
  grpcMessagesOverCount: 'gRPC messages that are not shown: too many in one body',
  bodiesUndecodable: 'bodies that are not coded as they say',
  bodiesUnknownCoding: 'bodies with an unknown content-coding',
  bodiesRedactedRest: 'bodies hidden from a place on at which they could not be parsed (redactBody)',
  bodiesRedactedAll: 'bodies hidden since they could not be parsed (redactBody)',
  decoderPanics: 'bodies on which a decoder failed; this is a bug',
};

/** Lost, given up, switched away or not understood. */
export const LOSSES: Readonly<Record<keyof typeof WORDS, string>> = Object.freeze(WORDS);

/** Parts of `undecodable`, which is told as a whole: each packet of theirs is in it. */
const PART = /^undecodable[A-Z]/;

/** Counters of what came and went as it should, or was not wanted. */
export const NO_LOSS = [
  // The traffic that there was.
  ...['received', 'packets', 'decapsulated', 'segments', 'savefileBytes', 'requests', 'responses'],
  ...['http2Connections', 'switchedH2c', 'webSocketsRead'],
  ...['streamMessagesWebSocket', 'streamMessagesSse', 'streamMessagesGrpc'],
  ...['connectionsOpened', 'connectionsActive', 'bufferedBytes', 'shedLevel', 'datagramsReassembled', 'bodiesDecoded'],
  ...['joinedConnections', 'natCopies', 'relayedExchanges'],
  // How connections end; messages that this cut are counted by why.
  ...['connectionsClosed', 'connectionsTimedOut', 'connectionsStopped'],
  // Second copies, and what the receiver's TCP has no use for either.
  ...['unread', 'captureCopies', 'retransmittedBytes', 'outOfOrderSegments', 'afterClose'],
  ...['noSyn', 'discardedNoAck', 'discardedSynData', 'discardedImpossibleAck', 'discardedBadChecksum'],
  'discardedBadOptions',
  // Not asked for, or kept in case it is.
  ...['triggers', 'untriggered', 'triggerHeldMessages', 'triggerHeldBytes'],
  ...['bodiesRedacted'],
  ...['notTcp', 'otherPorts', 'notSampled', 'filtered', 'ownMessages'],
  // Of TLS: what was read, what the server itself did not take, what became of lines of key logs.
  ...['tlsConnections', 'tlsRecords', 'tlsResumed', 'tlsKeyUpdates', 'tlsRenegotiations', 'tlsRefusedEarlyBytes'],
  ...['tlsSecrets', 'tlsKeyLinesIgnored', 'tlsKeyLinesBroken', 'tlsKeysEvicted'],
  // Counted in another way: as streams, as bytes, as whole datagrams, as messages that are shown. Of log lines, not of traffic.
  ...['tlsUnreadNoKeylog', 'gaps', 'lateAtPickupBytes', 'fragments', 'falselyMarked', 'noticesHeldBack'],
] as const;

/** The names of the engine's counters, but for the parts of `undecodable`, which are more. */
export type EngineCounter = keyof typeof WORDS | (typeof NO_LOSS)[number];

const WITHOUT_LOSS: ReadonlySet<string> = new Set(NO_LOSS);

/** In neither list: a new counter needs words that say what it means. */
export function isUnclassified(counter: string): boolean {
  return !Object.hasOwn(LOSSES, counter) && !WITHOUT_LOSS.has(counter) && !PART.test(counter);
}

/** The losses of a run, as far as the engine knows: how much, and of what. */
export function lossesOf(engine: Readonly<Record<string, number>>): [count: number, words: string][] {
  const known = Object.entries(LOSSES).map(([name, words]): [number, string] => [engine[name] ?? 0, words]);
  const unknown = Object.entries(engine)
    .filter(([name]) => isUnclassified(name))
    .map(([name, count]): [number, string] => [count, `counted as ${name}`]);
  return [...known, ...unknown].filter(([count]) => count > 0);
}
