//! What is lost or left out while connections are read as messages.

use super::switch::Switch;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HttpCounters {
    /// Heads of which a part was lost or never came.
    pub lost_heads: u64,
    pub malformed_streams: u64,
    pub not_http_streams: u64,
    /// Bodies dropped to keep within the memory budget.
    pub cut_bodies: u64,
    /// Times that a loss made it unknown which request a response answers.
    pub lost_pairings: u64,
    /// Bytes that were passed over because it was not known where a message begins.
    pub passed_over_bytes: u64,
    /// Bytes after a response that has no body.
    pub excess_bytes: u64,
    /// Final responses of which it is not known which request they answer.
    pub unpaired_responses: u64,
    /// Connections that left HTTP/1.x, by `Switch`.
    pub switched: [u64; Switch::COUNT],
    /// What they carried from there on.
    pub switched_bytes: u64,
}

impl HttpCounters {
    pub fn count_switch(&mut self, switch: Switch) {
        if let Some(count) = self.switched.get_mut(switch as usize) {
            *count += 1;
        }
    }

    pub fn add(&mut self, more: &Self) {
        self.lost_heads += more.lost_heads;
        self.malformed_streams += more.malformed_streams;
        self.not_http_streams += more.not_http_streams;
        self.cut_bodies += more.cut_bodies;
        self.lost_pairings += more.lost_pairings;
        self.passed_over_bytes += more.passed_over_bytes;
        self.excess_bytes += more.excess_bytes;
        self.unpaired_responses += more.unpaired_responses;
        self.switched_bytes += more.switched_bytes;
        self.switched.iter_mut().zip(more.switched).for_each(|(count, more)| *count += more);
    }
}
