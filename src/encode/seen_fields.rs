//! The `headers` of field sections that came before (`message::SeenFields`), as they were written then.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::fields::{SecretFields, push_fields};
use crate::message::{Fields, PLACES, SectionNumber};
use crate::redact::Targets;

/// A longer text is not kept: that of a section that is kept has seldom twice its bytes.
const MAX_TEXT_BYTES: usize = 4 << 10;

#[derive(Debug, Default)]
pub(super) struct SeenTexts {
    /// Each at its section's place.
    texts: [Text; PLACES],
}

#[derive(Default)]
struct Text {
    section: Option<SectionNumber>,
    /// There may be credentials in it.
    text: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl SeenTexts {
    /// As `push_fields`, always with the same secrets: what it writes depends on nothing else but the section, as long as nothing
    /// is left out for its length.
    pub fn push(&mut self, out: &mut Vec<u8>, fields: Fields<'_>, secrets: &SecretFields, targets: &Targets) -> bool {
        let section = fields.lines.section();
        let Some(kept) = section.and_then(|section| self.texts.get_mut(section.place())) else {
            return push_fields(out, fields, secrets, targets);
        };
        if kept.section == section {
            out.extend_from_slice(&kept.text);
            return false;
        }
        let start = out.len();
        let cut = push_fields(out, fields, secrets, targets);
        let text = out.get(start..).unwrap_or_default();
        if !cut && text.len() <= MAX_TEXT_BYTES {
            kept.section = section;
            if kept.text.capacity() < text.len() {
                kept.text.zeroize(); // growing frees the memory before
            }
            kept.text.clear();
            kept.text.extend_from_slice(text);
        }
        cut
    }

    /// Overwrites and drops all texts.
    pub fn forget(&mut self) {
        self.texts = Default::default();
    }
}
