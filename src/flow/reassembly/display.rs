//! How one direction stands, in one line: `0..5 (4) 9..10? F12` is five bytes delivered, a hole of four, one byte that waits in
//! doubt, and a FIN at 12. A FIN that was reached counts as one byte more.

use std::fmt;

use super::Reassembler;

impl fmt::Display for Reassembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.started {
            return f.write_str("not begun");
        }
        write!(f, "{}..{}", self.met_at.offset(), self.next.offset())?;
        let mut end = self.next;
        for (&start, waiting) in &self.waiting {
            if start > end {
                write!(f, " ({})", start - end)?;
            }
            end = start + waiting.len();
            let lost = if waiting.lost > 0 { "!" } else { "" };
            let doubt = if waiting.doubt.is_some() { "?" } else { "" };
            write!(f, " {}..{}{lost}{doubt}", start.offset(), end.offset())?;
        }
        if let Some(fin) = self.fin {
            write!(f, " F{}", fin.offset())?;
        }
        if self.ended { f.write_str(" ended") } else { Ok(()) }
    }
}
