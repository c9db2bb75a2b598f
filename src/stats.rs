//! The loss ledger: everything that came in, and for what did not come out, why.

use crate::decode::Undecodable;
use crate::defrag::DefragStats;
use crate::flow::{Discarded, FlowCounters};
use crate::message::{Http2Counters, HttpCounters, Part, StreamCounters, Switch};
use crate::redact::Extent;
use crate::tls::{KeyLogCounters, TlsCounters};

/// Counters that only grow, except the gauges `connections_active`, `buffered_bytes` and `shed_level`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets that the engine was given. Each is in exactly one of: `undecodable`, `not_tcp`, `fragments`, `other_ports`,
    /// `not_sampled`, `shed_packets`, `no_syn`, `after_close`, `segments`.
    pub packets: u64,
    /// By `Undecodable::index`.
    pub undecodable: [u64; Undecodable::COUNT],
    pub not_tcp: u64,
    /// Packets that were tunnels and were looked into; each counts beside it as what was found in there.
    pub decapsulated: u64,
    /// IP fragments of datagrams that may carry TCP, without those that completed one.
    pub fragments: u64,
    pub defrag: DefragStats,
    /// Neither port is watched.
    pub other_ports: u64,
    /// Segments of connections outside the sample.
    pub not_sampled: u64,
    /// Segments of connections that were left out to hold `cpuLimitShare`, and their bytes.
    pub shed_packets: u64,
    pub shed_bytes: u64,
    /// Segments without data, or without an ACK flag, of connections that are not known.
    pub no_syn: u64,
    /// Segments of connections that have ended: retransmissions, and what was under way to a side that had reset.
    pub after_close: u64,
    /// Segments of followed connections.
    pub segments: u64,
    pub flow: FlowCounters,
    pub connections_opened: u64,
    pub connections_closed: u64,
    pub connections_evicted: u64,
    pub connections_timed_out: u64,
    pub connections_stopped: u64,
    /// Connections that were followed, and left out from then on to hold `cpuLimitShare`.
    pub shed_connections: u64,
    /// Bodies, and data of messages inside streams, that were left out for it.
    pub shed_bodies: u64,
    /// Gauge: how much is left out, 0 for nothing.
    pub shed_level: u64,
    /// Gauge.
    pub connections_active: u64,
    /// Gauge: bytes held back in all connections.
    pub buffered_bytes: u64,
    /// Connections that are another's copy, before NAT or after it: their exchanges come out twice.
    pub nat_copies: u64,
    /// Exchanges that were seen twice: as they reached a proxy or NAT, and as these sent them on. There may be more.
    pub relayed_exchanges: u64,
    /// Holes in a stream that never filled.
    pub gaps: u64,
    pub gap_bytes: u64,
    pub http: HttpCounters,
    /// Connections met in the middle that gave no message, and the bytes of them that were passed over.
    pub unread_connections: u64,
    pub unread_bytes: u64,
    pub requests: u64,
    pub responses: u64,
    /// Messages inside streams, by `Part::index`.
    pub stream_messages: [u64; Part::COUNT],
    /// Messages that came out flagged, by reason.
    pub incomplete_gap: u64,
    pub incomplete_closed: u64,
    pub incomplete_reset: u64,
    pub incomplete_evicted: u64,
    pub incomplete_timeout: u64,
    pub incomplete_stopped: u64,
    pub incomplete_malformed: u64,
    /// Messages of which only `maxBodySize` kept bytes back.
    pub over_body_limit: u64,
    /// Bodies with a content-coding that cannot be removed; they stay as they are.
    pub unknown_codings: u64,
    /// Messages whose head or trailers were cut: too many characters that need an escape in JSON.
    pub cut_heads: u64,
    /// Bodies of text, as they were sent, that were cut for the same reason.
    pub cut_bodies: u64,
    /// Messages that `include` and `exclude` keep back.
    pub filtered: u64,
    /// Messages of exchanges that are our own POSTs (`own_posts`).
    pub own_messages: u64,
    /// Messages of exchanges whose request carries the marker of our own POSTs and is none: they come out like all others.
    pub falsely_marked: u64,
    /// Messages thrown away because the receiver was too slow.
    pub queue_dropped: u64,
    pub tls: TlsCounters,
    /// Connections that are TLS where there are no key logs; TLS is not looked for then, and their streams are no HTTP.
    pub tls_unread_no_keylog: u64,
    /// The lines of key logs, by outcome.
    pub tls_keys: KeyLogCounters,
    /// Connections whose secrets made room for newer secrets before they were used.
    pub tls_keys_evicted: u64,
    /// Log lines about traffic held back to limit their rate.
    pub notices_held_back: u64,
}

impl Stats {
    /// Public name (camelCase) and value of each, in the order in which they are shown.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        // Taken apart, so that rustc names a counter that has no public name.
        let Self {
            packets,
            undecodable,
            not_tcp,
            decapsulated,
            fragments,
            ref defrag,
            other_ports,
            not_sampled,
            shed_packets,
            shed_bytes,
            no_syn,
            after_close,
            segments,
            flow:
                FlowCounters {
                    retransmitted_bytes,
                    out_of_order_segments,
                    out_of_window_segments,
                    capture_copies,
                    late_at_pickup_bytes,
                    unplaced_bytes,
                    mptcp_connections,
                    joined_connections,
                    forgotten_handshakes,
                    discarded: Discarded { no_ack, syn_data, impossible_ack, bad_checksum, bad_options },
                },
            connections_opened,
            connections_closed,
            connections_evicted,
            connections_timed_out,
            connections_stopped,
            shed_connections,
            shed_bodies,
            shed_level,
            connections_active,
            buffered_bytes,
            nat_copies,
            relayed_exchanges,
            gaps,
            gap_bytes,
            http:
                HttpCounters {
                    lost_heads,
                    malformed_streams,
                    not_http_streams,
                    cut_bodies: shed_http_bodies,
                    lost_pairings,
                    passed_over_bytes,
                    excess_bytes,
                    unpaired_responses,
                    switched,
                    switched_bytes,
                    http2,
                    streams,
                },
            unread_connections,
            unread_bytes,
            requests,
            responses,
            stream_messages,
            incomplete_gap,
            incomplete_closed,
            incomplete_reset,
            incomplete_evicted,
            incomplete_timeout,
            incomplete_stopped,
            incomplete_malformed,
            over_body_limit,
            unknown_codings,
            cut_heads,
            cut_bodies,
            filtered,
            own_messages,
            falsely_marked,
            queue_dropped,
            ref tls,
            tls_unread_no_keylog,
            tls_keys: KeyLogCounters { secrets, ignored_lines, broken_lines },
            tls_keys_evicted,
            notices_held_back,
        } = *self;
        let mut entries = vec![
            ("packets", packets),
            ("undecodable", undecodable.iter().sum()),
            ("notTcp", not_tcp),
            ("decapsulated", decapsulated),
            ("fragments", fragments),
            ("datagramsReassembled", defrag.reassembled),
            ("datagramsLost", defrag.lost()),
            ("otherPorts", other_ports),
            ("notSampled", not_sampled),
            ("shedPackets", shed_packets),
            ("shedBytes", shed_bytes),
            ("shedConnections", shed_connections),
            ("shedBodies", shed_bodies),
            ("shedLevel", shed_level),
            ("noSyn", no_syn),
            ("afterClose", after_close),
            ("segments", segments),
            ("retransmittedBytes", retransmitted_bytes),
            ("outOfOrderSegments", out_of_order_segments),
            ("outOfWindowSegments", out_of_window_segments),
            ("captureCopies", capture_copies),
            ("lateAtPickupBytes", late_at_pickup_bytes),
            ("mptcpConnections", mptcp_connections),
            ("joinedConnections", joined_connections),
            ("handshakesForgotten", forgotten_handshakes),
            ("natCopies", nat_copies),
            ("relayedExchanges", relayed_exchanges),
            ("discardedNoAck", no_ack),
            ("discardedSynData", syn_data),
            ("discardedImpossibleAck", impossible_ack),
            ("discardedBadChecksum", bad_checksum),
            ("discardedBadOptions", bad_options),
            ("connectionsOpened", connections_opened),
            ("connectionsClosed", connections_closed),
            ("connectionsEvicted", connections_evicted),
            ("connectionsTimedOut", connections_timed_out),
            ("connectionsStopped", connections_stopped),
            ("connectionsActive", connections_active),
            ("bufferedBytes", buffered_bytes),
            ("gaps", gaps),
            ("gapBytes", gap_bytes),
            ("lostHeads", lost_heads),
            ("lostPairings", lost_pairings),
            // Bytes that were captured and of which it is not known which message they belong to.
            ("passedOverBytes", passed_over_bytes + late_at_pickup_bytes + unplaced_bytes),
            ("excessBytes", excess_bytes),
            ("unpairedResponses", unpaired_responses),
            ("malformedStreams", malformed_streams),
            ("notHttpStreams", not_http_streams),
            ("cutBodies", shed_http_bodies),
            ("unreadConnections", unread_connections),
            ("unreadBytes", unread_bytes),
            ("requests", requests),
            ("responses", responses),
            ("incompleteGap", incomplete_gap),
            ("incompleteClosed", incomplete_closed),
            ("incompleteReset", incomplete_reset),
            ("incompleteEvicted", incomplete_evicted),
            ("incompleteTimeout", incomplete_timeout),
            ("incompleteStopped", incomplete_stopped),
            ("incompleteMalformed", incomplete_malformed),
            ("overBodyLimit", over_body_limit),
            ("bodiesUnknownCoding", unknown_codings),
            ("headsCutEscaped", cut_heads),
            ("bodiesCutEscaped", cut_bodies),
            ("filtered", filtered),
            ("ownMessages", own_messages),
            ("falselyMarked", falsely_marked),
            ("queueDropped", queue_dropped),
            ("noticesHeldBack", notices_held_back),
        ];
        let Http2Counters { connections, resyncs, given_up, lost_blocks, partial_blocks, evicted_streams } = http2;
        entries.extend([
            ("http2Connections", connections),
            ("http2Resyncs", resyncs),
            ("http2GivenUp", given_up),
            ("http2LostBlocks", lost_blocks),
            ("http2PartialBlocks", partial_blocks),
            ("http2EvictedStreams", evicted_streams),
        ]);
        let [web_socket, sse, grpc] = stream_messages;
        let StreamCounters { web_sockets, unread_messages, lost_boundaries, given_up, lost_contexts, over_ratio } =
            streams;
        entries.extend([
            ("webSocketsRead", web_sockets),
            ("streamMessagesWebSocket", web_socket),
            ("streamMessagesSse", sse),
            ("streamMessagesGrpc", grpc),
            ("streamMessagesUnread", unread_messages),
            ("streamMessagesOverRatio", over_ratio),
            ("streamBoundariesLost", lost_boundaries),
            ("streamContextsLost", lost_contexts),
            ("streamsGivenUp", given_up),
        ]);
        entries.push(("switchedBytes", switched_bytes));
        entries.extend(Switch::ALL.into_iter().zip(switched).map(|(switch, count)| (switch.counter(), count)));
        entries.push(("tlsUnreadNoKeylog", tls_unread_no_keylog));
        entries.extend(tls.entries());
        entries.extend([
            ("tlsSecrets", secrets),
            ("tlsKeyLinesIgnored", ignored_lines),
            ("tlsKeyLinesBroken", broken_lines),
            ("tlsKeysEvicted", tls_keys_evicted),
        ]);
        entries.extend(Undecodable::ALL.into_iter().zip(undecodable).map(|(reason, count)| (reason.counter(), count)));
        entries
    }
}

/// The bodies with content-codings, by outcome. Each body that came to be finished is in exactly one of: `decoded`,
/// `undecodable`, `left_coded`, `panicked`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentStats {
    pub decoded: u64,
    /// Not coded as they say.
    pub undecodable: u64,
    /// Live only: the queue was so long that there was no time for it.
    pub left_coded: u64,
    /// A decoder panicked, which is a bug.
    pub panicked: u64,
    /// Of `decoded`: the content is longer than the limit on bodies.
    pub over_limit: u64,
    /// Of `decoded`: the content, as it is written, is too much for so few coded bytes.
    pub over_ratio: u64,
    /// Of `decoded`, live only: the same, and there was too much of that in the last second.
    pub over_rate: u64,
    /// Of `decoded`: the end is missing, or the sender's check of the content does not hold.
    pub without_end: u64,
    /// Texts that were cut since they hold too many characters that need an escape in JSON.
    pub cut_escaped: u64,
    /// Messages of gRPC bodies: compressed, and not as they say or by a coding that is not known.
    pub grpc_undecodable: u64,
    /// The same: compressed, and left so since too much waited.
    pub grpc_left_coded: u64,
    /// The same: cut, since those of their body hold more than is shown of one.
    pub grpc_over_limit: u64,
    /// The same: not shown, since their body has too many.
    pub grpc_over_count: u64,
    /// Bodies in which values were replaced by `redactBody`,
    pub redacted: u64,
    /// and with them all after a place from which on the body could not be read,
    pub redacted_rest: u64,
    /// or all of a body that could not be read.
    pub redacted_all: u64,
}

impl ContentStats {
    pub fn count_redacted(&mut self, extent: Option<Extent>) {
        match extent {
            None => {}
            Some(Extent::Values) => self.redacted += 1,
            Some(Extent::Rest) => self.redacted_rest += 1,
            Some(Extent::All) => self.redacted_all += 1,
        }
    }

    pub fn add(&mut self, more: &Self) {
        self.decoded += more.decoded;
        self.undecodable += more.undecodable;
        self.left_coded += more.left_coded;
        self.panicked += more.panicked;
        self.over_limit += more.over_limit;
        self.over_ratio += more.over_ratio;
        self.over_rate += more.over_rate;
        self.without_end += more.without_end;
        self.cut_escaped += more.cut_escaped;
        self.grpc_undecodable += more.grpc_undecodable;
        self.grpc_left_coded += more.grpc_left_coded;
        self.grpc_over_limit += more.grpc_over_limit;
        self.grpc_over_count += more.grpc_over_count;
        self.redacted += more.redacted;
        self.redacted_rest += more.redacted_rest;
        self.redacted_all += more.redacted_all;
    }

    /// Public name (camelCase) and value of each, in the order in which they are shown.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        let Self {
            decoded,
            undecodable,
            left_coded,
            panicked,
            over_limit,
            over_ratio,
            over_rate,
            without_end,
            cut_escaped,
            grpc_undecodable,
            grpc_left_coded,
            grpc_over_limit,
            grpc_over_count,
            redacted,
            redacted_rest,
            redacted_all,
        } = *self;
        vec![
            ("bodiesDecoded", decoded),
            ("bodiesUndecodable", undecodable),
            ("bodiesLeftCoded", left_coded),
            ("decoderPanics", panicked),
            ("contentOverLimit", over_limit),
            ("contentOverRatio", over_ratio),
            ("contentOverRate", over_rate),
            ("contentWithoutEnd", without_end),
            ("contentCutEscaped", cut_escaped),
            ("grpcMessagesUndecodable", grpc_undecodable),
            ("grpcMessagesLeftCoded", grpc_left_coded),
            ("grpcMessagesOverLimit", grpc_over_limit),
            ("grpcMessagesOverCount", grpc_over_count),
            ("bodiesRedacted", redacted),
            ("bodiesRedactedRest", redacted_rest),
            ("bodiesRedactedAll", redacted_all),
        ]
    }
}

/// libpcap's own counters (`pcap_stats(3PCAP)`), widened so that they do not wrap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Packets that passed the kernel filter, dropped packets included; before Linux 4.20 those of a loopback interface count
    /// twice. For a savefile: packets read.
    pub received: u64,
    /// Packets the kernel dropped because the ring was full.
    pub dropped: u64,
    /// Packets the interface or its driver dropped.
    pub if_dropped: u64,
    /// Bytes of the savefile up to the last record that was read; 0 for an interface.
    pub savefile_bytes: u64,
}

impl CaptureStats {
    /// Packets that were received, not dropped, and yet not among the `packets` given to the engine: on a loopback interface
    /// the second copy of each; what came after a stop. With it the ledger adds up from the kernel on.
    pub fn unread(&self, packets: u64) -> u64 {
        self.received.saturating_sub(self.dropped).saturating_sub(packets)
    }

    /// Public name (camelCase) and value of each, in the order in which they are shown.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        let Self { received, dropped, if_dropped, savefile_bytes } = *self;
        vec![
            ("received", received),
            ("dropped", dropped),
            ("interfaceDropped", if_dropped),
            ("savefileBytes", savefile_bytes),
        ]
    }
}
