// A savefile of tcpdump, some of its packets lost or altered.
import { readFileSync, writeFileSync } from 'node:fs';

const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
const ETHERNET_BYTES = 14;
/** The first connection of a savefile is whole until it has got going, so that there is something to lose. */
const SPARED = 12;
/** One packet in so many. */
const ONE_IN = 150;
const LONGEST_RUN = 12;

/** The same numbers for the same seed (a linear congruential generator, as in POSIX's example of rand). */
function dice(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** IPv4 and TCP on Ethernet: where the payload begins, and the end of the packet. */
function payloadOf(bytes, at, length) {
  const ip = at + ETHERNET_BYTES;
  const tcp = ip + (bytes[ip] & 15) * 4;
  const end = Math.min(ip + bytes.readUInt16BE(ip + 2), at + length);
  return [tcp + (bytes[tcp + 12] >> 4) * 4, end];
}

/** Writes the copy, and returns how many of its packets with payload were lost or altered. */
export function damaged(file, copy, way, seed) {
  const bytes = readFileSync(file);
  const roll = dice(seed);
  const kept = [bytes.subarray(0, HEADER_BYTES)];
  let damages = 0;
  let run = 0;
  for (let at = HEADER_BYTES, seen = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const next = at + RECORD_BYTES + length;
    const [start, end] = payloadOf(bytes, at + RECORD_BYTES, length);
    const packet = bytes.subarray(at, next);
    at = next;
    const isHit = start < end && ++seen > SPARED && (run > 0 || roll(ONE_IN) === 0);
    if (!isHit) kept.push(packet);
    else {
      damages++;
      if (way === 'alter') {
        bytes[start + roll(end - start)] ^= 1 + roll(255);
        kept.push(packet);
      } else if (way === 'loseRuns') run = run > 0 ? run - 1 : roll(LONGEST_RUN);
    }
  }
  writeFileSync(copy, Buffer.concat(kept));
  return damages;
}
