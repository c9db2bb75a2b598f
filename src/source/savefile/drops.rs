//! The packets that a pcapng says were dropped when it was captured: of each interface in its statistics, or beside packets.
//!
//! In: what blocks say. Out: one number. A broken block says nothing, and stops no reading.

use super::block::OPT_ENDOFOPT;
use super::record::Fields;

/// Option of a packet (§4.3): dropped between the packet before and this.
const EPB_DROPCOUNT: u16 = 4;
/// Options of an interface's statistics (§4.6): dropped by the interface, by the system; both since the capture began.
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// Of one interface.
#[derive(Debug, Default)]
pub(super) struct Drops {
    by_interface: u64,
    by_system: u64,
    /// The sum of what its packets say.
    beside_packets: u64,
}

impl Drops {
    /// The same drops may be told in both ways.
    fn total(&self) -> u64 {
        self.by_interface.saturating_add(self.by_system).max(self.beside_packets)
    }

    pub(super) fn add(&mut self, count: u64, all: &mut u64) {
        self.update(all, |drops| drops.beside_packets = drops.beside_packets.saturating_add(count));
    }

    /// The options of a packet.
    #[cold]
    pub(super) fn note_packet(&mut self, options: Fields<'_>, all: &mut u64) {
        each_count(options, |code, count| {
            if code == EPB_DROPCOUNT {
                self.add(count, all);
            }
        });
    }

    /// The options of statistics: the largest numbers count, so that a counter that begins anew takes nothing back.
    pub(super) fn note_statistics(&mut self, options: Fields<'_>, all: &mut u64) {
        each_count(options, |code, count| {
            self.update(all, |drops| match code {
                ISB_IFDROP => drops.by_interface = drops.by_interface.max(count),
                ISB_OSDROP => drops.by_system = drops.by_system.max(count),
                _ => {}
            });
        });
    }

    /// A `change` only adds.
    fn update(&mut self, all: &mut u64, change: impl FnOnce(&mut Self)) {
        let before = self.total();
        change(self);
        *all = all.saturating_add(self.total().saturating_sub(before));
    }
}

/// Calls `each` with every option that is a number of 64 bits.
fn each_count(mut options: Fields<'_>, mut each: impl FnMut(u16, u64)) {
    while let Some([code, len]) = options.u16s()
        && code != OPT_ENDOFOPT
        && let Some(value) = options.bytes(usize::from(len).next_multiple_of(4))
    {
        if let (8, Some(count)) = (len, value.first_chunk()) {
            each(code, options.order.i64(*count).cast_unsigned());
        }
    }
}
