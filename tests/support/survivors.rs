//! Which messages must come out when packets are lost, computed from the losses.
//!
//! Only for clients that send one request at a time, and with a handshake. A stream is in step after a message whose end
//! is known. A loss within a body whose length is known, or within the data of one chunk, leaves it in step; any other
//! loses it. It comes back into step
//! - with a request, when the whole answer before was read: the client speaks exactly where the server stopped to listen;
//! - with the first answer to a request that was read: the server speaks exactly where the client stopped to listen.

use super::conversation::{From, Payload, Sent};
use super::verdict::Case;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survivor {
    /// An index of `Rendered::sent`.
    pub index: usize,
    /// A response that names its request.
    pub paired: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    None,
    /// In the body, and its length is known.
    Crossed,
    Unknowable,
}

pub fn survivors(case: &Case<'_>) -> Vec<Survivor> {
    let mut survivors = Vec::new();
    let mut in_step = [true, true];
    // Of the exchange at hand: its request was read from the first byte to the last.
    let mut asked = (usize::MAX, Damage::Unknowable);
    let mut answered_whole = true;
    for (index, sent) in case.rendered.sent.iter().enumerate() {
        let damage = damage(case, sent);
        let first_answer = sent.from == From::Server && case.rendered.sent[index - 1].from == From::Client;
        let known_request = asked == (sent.exchange, Damage::None);
        let back_in_step = match sent.from {
            From::Client => answered_whole,
            From::Server => first_answer && known_request,
        };
        let head_is_whole = case.lost(sent.from).within(&(sent.range.start..sent.body_at)) == 0;
        let read = head_is_whole && (in_step[sent.from as usize] || back_in_step);
        if read && sent.from == From::Server && !known_request && depends_on_its_request(case, sent) {
            break; // from here on nothing is promised
        }
        if read && damage != Damage::Unknowable && has_its_end(case, sent) {
            survivors.push(Survivor { index, paired: sent.from == From::Server && known_request });
        }
        in_step[sent.from as usize] = read && damage != Damage::Unknowable;
        match sent.from {
            From::Client => {
                asked = (sent.exchange, if read { damage } else { Damage::Unknowable });
                answered_whole = false;
            }
            From::Server => answered_whole = read && damage == Damage::None && !sent.interim,
        }
    }
    survivors
}

fn damage(case: &Case<'_>, sent: &Sent) -> Damage {
    let lost = case.lost(sent.from);
    let mut damage = Damage::None;
    for hole in lost.iter().filter(|hole| hole.start < sent.range.end && hole.end > sent.range.start) {
        if sent.body_ranges.iter().any(|range| range.start <= hole.start && hole.end <= range.end) {
            damage = Damage::Crossed;
        } else {
            return Damage::Unknowable;
        }
    }
    damage
}

/// Without the request, the same bytes may be another message: an answer to HEAD has no body whatever it announces.
fn depends_on_its_request(case: &Case<'_>, sent: &Sent) -> bool {
    case.rendered.conversation.exchanges[sent.exchange].request.method == "HEAD" || sent.body.starts_with(b"HTTP/1.")
}

/// A message that lasts until the connection closes needs its FIN, and a loss at the end of a capture is not known to be a loss.
fn has_its_end(case: &Case<'_>, sent: &Sent) -> bool {
    let fin = case.packets.iter().any(|packet| packet.from == sent.from && packet.fin);
    let captured = case.packets.iter().filter(|packet| packet.from == sent.from && !packet.span().is_empty());
    let last = captured.map(|packet| packet.span().end).max().unwrap_or(0);
    let until_close = matches!(
        case.rendered.conversation.exchanges[sent.exchange].response.payload,
        Payload::UntilClose(_) if sent.from == From::Server && !sent.interim
    );
    fin || (!until_close && last >= sent.range.end)
}
