//! The Huffman code of RFC 7541 Appendix B, read four bits at a time.
//!
//! In: a coded string literal. Out: its bytes, or an error where RFC 7541 §5.2 wants one. The code is canonical: codes of
//! one length count up with their symbols, and longer codes go on from there. So the lengths say all of it, and the
//! compiler makes the automaton from them.

use super::HpackError;

/// The code for "end of string", which must not occur in one.
const EOS: usize = 256;
const SHORTEST_BITS: usize = 5;
const LONGEST_BITS: u8 = 30;
/// Padding is shorter than a byte.
const MAX_PADDING_BITS: u8 = 7;

/// Bits of each symbol's code, EOS last.
#[rustfmt::skip]
const LENGTHS: [u8; EOS + 1] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// A tree with 257 leaves has 256 inner nodes: the automaton's states, 0 the root.
const STATES: usize = EOS;
const NIBBLES: usize = 16;

/// The effect of four bits in one state. No code is shorter than five bits, so they end one symbol at most.
#[derive(Debug, Clone, Copy)]
struct Step {
    next: u8,
    symbol: u8,
    flags: u8,
}

/// The bits end `symbol`.
const ENDS_SYMBOL: u8 = 1;
/// The bits end EOS.
const ENDS_EOS: u8 = 2;
/// The string may end here: what follows the last symbol are at most seven bits, the first bits of EOS, all 1.
const MAY_END: u8 = 4;

static STEPS: [Step; STATES * NIBBLES] = steps();

/// Appends the string that `coded` stands for.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    let start = out.len();
    out.resize(start + coded.len() * 8 / SHORTEST_BITS, 0);
    let buffer = out.get_mut(start..).unwrap_or_default();
    let (mut state, mut written, mut flags) = (0, 0, MAY_END);
    for byte in coded {
        for nibble in [byte >> 4, byte & 15] {
            let Some(step) = STEPS.get(usize::from(state) << 4 | usize::from(nibble)) else { break };
            // Written in any case, and written over unless it counts: cheaper than a branch that is hard to foretell.
            if let Some(slot) = buffer.get_mut(written) {
                *slot = step.symbol;
            }
            written += usize::from(step.flags & ENDS_SYMBOL);
            state = step.next;
            flags = step.flags;
            if flags & ENDS_EOS != 0 {
                return Err(HpackError::Huffman);
            }
        }
    }
    out.truncate(start + written);
    if flags & MAY_END == 0 { Err(HpackError::Huffman) } else { Ok(()) }
}

/// Children of the tree's nodes: an inner node's number, or 256 + symbol for a leaf; and which nodes lie on the way to EOS,
/// near enough to the root to be padding.
struct Tree {
    children: [[u16; 2]; STATES],
    is_padding: [bool; STATES],
}

const LEAF: u16 = 256;

#[expect(clippy::indexing_slicing, reason = "runs in the compiler: an index that is out of bounds does not build")]
const fn tree() -> Tree {
    // The root is no node's child, so 0 stands for "not there yet".
    let mut tree = Tree { children: [[0; 2]; STATES], is_padding: [false; STATES] };
    tree.is_padding[0] = true;
    let (mut nodes, mut code, mut length) = (1, 0_u32, 1);
    while length <= LONGEST_BITS {
        let mut symbol = 0;
        while symbol <= EOS {
            if LENGTHS[symbol] == length {
                let (mut node, mut depth) = (0, 1);
                while depth < length {
                    let bit = (code >> (length - depth) & 1) as usize;
                    if tree.children[node][bit] == 0 {
                        tree.children[node][bit] = nodes;
                        tree.is_padding[nodes as usize] =
                            tree.is_padding[node] && bit == 1 && depth <= MAX_PADDING_BITS;
                        nodes += 1;
                    }
                    node = tree.children[node][bit] as usize;
                    depth += 1;
                }
                tree.children[node][(code & 1) as usize] = LEAF + symbol as u16;
                code += 1;
            }
            symbol += 1;
        }
        code <<= 1;
        length += 1;
    }
    tree
}

#[expect(clippy::indexing_slicing, reason = "runs in the compiler: an index that is out of bounds does not build")]
const fn steps() -> [Step; STATES * NIBBLES] {
    let tree = tree();
    let mut steps = [Step { next: 0, symbol: 0, flags: 0 }; STATES * NIBBLES];
    let mut index = 0;
    while index < steps.len() {
        let (mut node, mut bit) = (index >> 4, 4);
        while bit > 0 {
            bit -= 1;
            let child = tree.children[node][index >> bit & 1];
            node = child as usize;
            if child >= LEAF {
                let symbol = child - LEAF;
                steps[index].flags |= if symbol as usize == EOS { ENDS_EOS } else { ENDS_SYMBOL };
                steps[index].symbol = symbol as u8;
                node = 0;
            }
        }
        steps[index].next = node as u8;
        if tree.is_padding[node] {
            steps[index].flags |= MAY_END;
        }
        index += 1;
    }
    steps
}

/// For tests: by the codes, bit by bit.
#[cfg(test)]
pub(super) fn encode(text: &[u8]) -> Vec<u8> {
    let mut bits: String = text.iter().map(|&byte| code_of(usize::from(byte))).collect();
    bits += &"1".repeat((8 - bits.len() % 8) % 8);
    bits.as_bytes().chunks(8).map(|eight| u8::from_str_radix(std::str::from_utf8(eight).unwrap(), 2).unwrap()).collect()
}

/// For tests: a symbol's code in digits.
#[cfg(test)]
pub(super) fn code_of(symbol: usize) -> &'static str {
    static CODES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let mut order: Vec<usize> = (0..=EOS).collect();
        order.sort_by_key(|&symbol| (LENGTHS[symbol], symbol));
        let mut codes = vec![String::new(); EOS + 1];
        let (mut code, mut length) = (0_u32, 0);
        for symbol in order {
            code <<= LENGTHS[symbol] - length;
            length = LENGTHS[symbol];
            codes[symbol] = format!("{code:0width$b}", width = usize::from(length));
            code += 1;
        }
        codes
    });
    &CODES[symbol]
}
