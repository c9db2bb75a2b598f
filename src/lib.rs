//! The engine of tcp-sniffer: from a frame on the wire to a finished HTTP message.
//!
//! ```text
//! wire -> [source] frame -> [decode] segment -> [flow] ordered bytes / gap -> ([tls] plaintext ->) [protocol] message
//!                    |          ^ datagram          |                                                       |
//!                    |   fragment +-> [defrag]      | copied at most once, here                             v
//!                    +-- borrowed &[u8] ----------->|                                [encode] line -> [batch] -> [delivery] -> [binding]
//!                                                                                    encoded once    bodies finished by [content]
//!                    |<--------------- [engine], in [capture]'s thread ------------------------>|    the sending thread    |   JS
//! ```
//!
//! ```text
//! savefile -> [source] frames -> [engine] numbers of packets -> [extract] -> pcapng
//!                    +------------ blocks of these packets ------->|
//! ```
//!
//! The lines of the command go to stdout from the sending thread; JS gets what stdout does not take at once, and all of them if
//! another output wants them too.
//!
//! Data goes one way. Three things go back: *stop*, *credits* (how many batches the receiver still takes), and the *memory* of a
//! batch, which its pool has again once the batch is dropped.
//!
//! A room is a file or a folder of `src/`. It imports only from rooms that stand above it here, and in a room no two files import
//! each other; `tests/rooms` holds the code against this table. `docs/architecture.md` tells more of each.
//!
//! | room         | takes                         | returns                              | refuses to know          |
//! |--------------|-------------------------------|--------------------------------------|--------------------------|
//! | `time`       | an instant                    | a timestamp                          | time zones               |
//! | `error`      | what failed                   | a stable code and a text             | who reports it           |
//! | `panics`     | a thread that panicked        | where and why, off stderr            | what follows from it     |
//! | `notice`     | an event worth a log line     | the line, at a bounded rate          | loggers                  |
//! | `privileges` | nothing                       | a process that cannot capture anew   | captures                 |
//! | `content`    | a body, its codings, a limit  | its content, at most so much         | JSON, threads            |
//! | `redact`     | secret names; a text          | the text without their values        | messages, content-codings |
//! | `decode`     | a frame                       | a TCP segment, an IP fragment        | state                    |
//! | `defrag`     | IP fragments                  | whole datagrams                      | TCP, clocks              |
//! | `flow`       | segments                      | each direction's bytes in order      | HTTP, clocks             |
//! | `tls`        | ordered bytes, secrets        | the plaintext's bytes in order       | HTTP, files, clocks      |
//! | `message`    | what a protocol read          | messages; which of them are shown    | protocols, connections, JSON |
//! | `protobuf`   | descriptors, once; a message  | its JSON                             | where the message was    |
//! | `protocol`   | ordered bytes and gaps        | messages, paired; who serves         | sockets, sequence numbers |
//! | `stats`      | counters                      | their public names                   | what is a loss           |
//! | `ledger`     | counters of all threads       | all of them at one moment            | what they count          |
//! | `source`     | an interface, a savefile      | frames; of a savefile blocks of pcapng | threads, what a frame holds |
//! | `config`     | nothing                       | the engine's options                 | defaults                 |
//! | `encode`     | a message                     | its JSON line, secrets removed       | where it goes            |
//! | `batch`      | JSON lines                    | batches                              | threads, napi            |
//! | `engine`     | frames, `now`                 | batches, notices, counters; which packets are a connection's | libpcap, sleeping        |
//! | `delivery`   | batches, events, credits      | the same with all bodies written, lines on stdout | sources, the engine, napi |
//! | `capture`    | frames, stop                  | time, the capture thread             | protocols, what becomes of a batch |
//! | `extract`    | savefiles, connections        | their packets as a pcapng file       | filters, messages        |
//! | `binding`    | options from JS               | batches to JS; the totals of a copy  | TCP, HTTP                |

pub mod batch;
pub mod capture;
pub mod config;
pub mod content;
pub mod decode;
pub mod defrag;
pub mod delivery;
pub mod encode;
pub mod engine;
pub mod error;
pub mod extract;
pub mod flow;
pub mod ledger;
pub mod message;
pub mod notice;
mod panics;
pub mod privileges;
pub mod protobuf;
pub mod protocol;
pub mod redact;
pub mod source;
pub mod stats;
pub mod time;
pub mod tls;

#[cfg(feature = "addon")]
mod binding;
