//! The engine of tcp-sniffer: from a frame on the wire to a finished HTTP message.
//!
//! ```text
//! wire -> [source] frame -> [decode] segment -> [flow] ordered bytes / gap -> [protocol] message -> [encode] JSON line -> [batch] -> [delivery] -> [binding]
//!                  borrowed &[u8] ----------------->| copied at most once, here |------- encoded once ------>| bodies decoded, one call a batch
//!                                                                   the capture thread <--> the sending thread
//! ```
//!
//! The lines of the command go to stdout from the sending thread; JS gets what stdout does not take at once, and all of them if
//! another output wants them too.
//!
//! Data goes one way. What goes back: *stop*, *credits* (how many batches the receiver still takes), and the *memory* of a batch,
//! which its pool has again once the batch is dropped.
//!
//! | room      | takes                    | gives                              | refuses to know          |
//! |-----------|--------------------------|------------------------------------|--------------------------|
//! | `source`  | an interface, a savefile | frames                             | threads, what a frame holds |
//! | `capture` | frames, stop             | time, the capture thread           | protocols, what becomes of a batch |
//! | `decode`  | a frame                  | a TCP segment, an IP fragment      | state                    |
//! | `defrag`  | IP fragments             | whole datagrams                    | TCP, clocks              |
//! | `flow`    | segments                 | each direction's bytes in order    | HTTP, clocks             |
//! | `tls`     | ordered bytes, secrets   | the plaintext's bytes in order     | HTTP, files, clocks      |
//! | `protocol` | ordered bytes and gaps  | messages, paired; who serves       | sockets, sequence numbers|
//! | `message` | what a protocol read     | messages; which of them are shown  | protocols, connections, JSON |
//! | `encode`  | a message                | its JSON line, secrets removed     | where it goes            |
//! | `batch`   | JSON lines               | batches                            | threads, napi            |
//! | `content` | a body, its codings, a limit | its content, at most so much   | JSON, threads            |
//! | `delivery` | batches, events, credits | the same with all bodies written, lines on stdout | sources, the engine, napi |
//! | `engine`  | frames, `now`            | batches, notices, counters         | libpcap, sleeping        |
//! | `protobuf` | descriptors, once; a message | its JSON                      | where the message was    |
//! | `privileges` | nothing          | a process that cannot capture anew | captures                 |
//! | `binding` | options from JS          | batches to JS                      | TCP, HTTP                |

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
pub mod flow;
pub mod ledger;
pub mod message;
pub mod notice;
mod panics;
pub mod privileges;
pub mod protobuf;
pub mod protocol;
pub mod source;
pub mod stats;
pub mod time;
pub mod tls;

#[cfg(feature = "addon")]
mod binding;
