//! The engine of tcp-sniffer: from a frame on the wire to a finished HTTP message.
//!
//! ```text
//! wire -> [source] frame -> [decode] segment -> [flow] ordered bytes / gap -> [protocol] message -> [encode] JSON line -> [batch] -> [finish] -> [binding]
//!                  borrowed &[u8] ----------------->| copied at most once, here |------- encoded once ------>| bodies decoded, one call a batch
//!                                                                   the capture thread <-- outbox --> the sending thread
//! ```
//!
//! Where nobody wants more of the lines than to see them on stdout, the sending thread writes them there, as far as stdout takes
//! them at once: they never come to JS.
//!
//! Data goes one way. Two signals go back: *stop* and *credits* (how many batches the receiver still takes).
//!
//! | room      | takes                    | gives                              | refuses to know          |
//! |-----------|--------------------------|------------------------------------|--------------------------|
//! | `source`  | an interface, a savefile | frames                             | threads, what a frame holds |
//! | `capture` | frames, stop, credits    | time, the two threads              | protocols                |
//! | `decode`  | a frame                  | a TCP segment, an IP fragment      | state                    |
//! | `defrag`  | IP fragments             | whole datagrams                    | TCP, clocks              |
//! | `flow`    | segments                 | each direction's bytes in order    | HTTP, clocks             |
//! | `protocol` | ordered bytes and gaps  | messages, paired; who serves       | sockets, sequence numbers|
//! | `message` | what a protocol read     | messages; which of them are shown  | protocols, connections, JSON |
//! | `encode`  | a message                | its JSON line, secrets removed     | where it goes            |
//! | `batch`   | JSON lines               | batches                            | threads, napi            |
//! | `content` | a body, its codings, a limit | its content, at most so much   | JSON, threads            |
//! | `finish`  | batches with raw bodies  | batches with all bodies written    | threads, credits         |
//! | `engine`  | frames, `now`            | batches, notices, counters         | libpcap, sleeping        |
//! | `privileges` | nothing          | a process that cannot capture anew | captures                 |
//! | `binding` | options from JS          | batches to JS                      | TCP, HTTP                |

pub mod batch;
pub mod capture;
pub mod config;
pub mod content;
pub mod decode;
pub mod defrag;
pub mod encode;
pub mod engine;
pub mod error;
pub mod finish;
pub mod flow;
pub mod message;
pub mod notice;
pub mod privileges;
pub mod protocol;
pub mod source;
pub mod stats;
pub mod time;

#[cfg(feature = "addon")]
mod binding;
