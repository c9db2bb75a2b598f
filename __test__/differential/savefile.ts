/** Conversations to a savefile: pcap with raw IPv4 packets, each turn cut into segments at random places. */

import type { Random } from './random.js';

export interface Turn {
  from: 'client' | 'server';
  bytes: Buffer;
}

/** One TCP connection; the client's port names it. */
export interface Conversation {
  clientPort: number;
  turns: Turn[];
}

const SERVER_PORT = 80;
const ADDRESSES = { client: [192, 0, 2, 1], server: [192, 0, 2, 2] };
const FLAGS = { fin: 0x01, syn: 0x02, psh: 0x08, ack: 0x10 };
const LINKTYPE_RAW = 101;
const OTHER = { client: 'server', server: 'client' } as const;

/** Checksums are left out: a passive reader does not verify them. */
function packet(from: Turn['from'], clientPort: number, seq: number, ack: number, flags: number, payload: Buffer) {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(40 + payload.length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(6, 9);
  Buffer.from([...ADDRESSES[from], ...ADDRESSES[OTHER[from]]]).copy(header, 12);
  header.writeUInt16BE(from === 'client' ? clientPort : SERVER_PORT, 20);
  header.writeUInt16BE(from === 'client' ? SERVER_PORT : clientPort, 22);
  header.writeUInt32BE(seq, 24);
  header.writeUInt32BE(ack, 28);
  header.writeUInt8(5 << 4, 32);
  header.writeUInt8(flags, 33);
  header.writeUInt16BE(0xffff, 34);
  return Buffer.concat([header, payload]);
}

export function savefile(conversations: Conversation[], random: Random): Buffer {
  const fileHeader = Buffer.alloc(24);
  fileHeader.writeUInt32LE(0xa1b2c3d4, 0);
  fileHeader.writeUInt16LE(2, 4);
  fileHeader.writeUInt16LE(4, 6);
  fileHeader.writeUInt32LE(262_144, 16);
  fileHeader.writeUInt32LE(LINKTYPE_RAW, 20);
  const parts: Uint8Array[] = [fileHeader];
  let millis = 0;
  for (const { clientPort, turns } of conversations) {
    const next = { client: 1_000, server: 2_000 };
    const put = (from: Turn['from'], flags: number, payload: Buffer = Buffer.alloc(0)) => {
      const frame = packet(from, clientPort, next[from], flags === FLAGS.syn ? 0 : next[OTHER[from]], flags, payload);
      millis += 1;
      const record = Buffer.alloc(16);
      record.writeUInt32LE(1_700_000_000 + Math.floor(millis / 1000), 0);
      record.writeUInt32LE((millis % 1000) * 1000, 4);
      record.writeUInt32LE(frame.length, 8);
      record.writeUInt32LE(frame.length, 12);
      parts.push(record, frame);
      next[from] += payload.length + (flags & (FLAGS.syn | FLAGS.fin) ? 1 : 0);
    };
    put('client', FLAGS.syn);
    put('server', FLAGS.syn | FLAGS.ack);
    put('client', FLAGS.ack);
    for (const { from, bytes } of turns) {
      for (let at = 0; at < bytes.length; ) {
        const size = random.pick([1, 2, 3, 10, 50, 1460]);
        put(from, FLAGS.ack | FLAGS.psh, bytes.subarray(at, at + size));
        at += size;
      }
    }
    put('client', FLAGS.ack | FLAGS.fin);
    put('server', FLAGS.ack | FLAGS.fin);
    put('client', FLAGS.ack);
  }
  return Buffer.concat(parts);
}
