//! One member of gzip (RFC 1952): header, deflated data, checksum.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::step::{Damage, Step};
use crate::content::gzip_header;

const NAME: &str = "gzip";
const TRAILER_BYTES: usize = 8;

#[derive(Debug, Clone, Copy, Default)]
enum Part {
    #[default]
    Header,
    Data,
    Trailer,
}

pub(super) struct Gzip {
    part: Part,
    inflate: Decompress,
    crc: Crc,
}

impl Default for Gzip {
    fn default() -> Self {
        Self { part: Part::Header, inflate: Decompress::new(false), crc: Crc::new() }
    }
}

impl Gzip {
    pub(super) fn step(&mut self, raw: &[u8], out: &mut [u8]) -> Result<Step, Damage> {
        match self.part {
            Part::Header => self.header(raw),
            Part::Data => self.data(raw, out),
            Part::Trailer => self.trailer(raw),
        }
    }

    fn header(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        let Some(data) = gzip_header(raw).map_err(|_| Damage::Broken(NAME))? else {
            return Ok(Step::Wants(raw.len() + 1));
        };
        self.inflate.reset(false);
        self.crc.reset();
        self.part = Part::Data;
        Ok(Step::On { taken: raw.len() - data.len(), written: 0 })
    }

    fn data(&mut self, raw: &[u8], out: &mut [u8]) -> Result<Step, Damage> {
        let before = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(raw, out, FlushDecompress::None).map_err(|_| Damage::Broken(NAME))?;
        let count = |from, to: u64| usize::try_from(to - from).unwrap_or(usize::MAX);
        let (taken, written) = (count(before.0, self.inflate.total_in()), count(before.1, self.inflate.total_out()));
        self.crc.update(out.get(..written).unwrap_or_default());
        if status == Status::StreamEnd {
            self.part = Part::Trailer;
        } else if taken == 0 && written == 0 {
            return Ok(Step::Wants(raw.len() + 1));
        }
        Ok(Step::On { taken, written })
    }

    fn trailer(&mut self, raw: &[u8]) -> Result<Step, Damage> {
        let Some(trailer) = raw.first_chunk::<TRAILER_BYTES>() else { return Ok(Step::Wants(TRAILER_BYTES)) };
        self.part = Part::Header;
        if u64::from_le_bytes(*trailer) != u64::from(self.crc.sum()) | u64::from(self.crc.amount()) << 32 {
            return Err(Damage::Checksum(NAME));
        }
        Ok(Step::Over { taken: TRAILER_BYTES })
    }
}
