/** The kind of a file, by what is in it, and the time at which its first packet was captured. */

import { closeSync, openSync, readSync } from 'node:fs';
import { packingOf, plainHead } from './packing';
import { statusOf } from './status';

export type Kind = 'savefile' | 'lines' | 'har' | 'array' | 'unknown';

/** Enough for the first packet's head also where it is compressed. */
const PEEKED_BYTES = 64 * 1024;
/** Of a text: the first message may stand after much that others have logged. */
const MAX_SEARCHED_BYTES = 16 * 1024 * 1024;
/** In every line of ours. */
const OURS = '"direction":"re';

const LITTLE = 'little';
/** pcap's magic as little-endian machines write it, by how many of its units make a second; the other order is the reverse. */
const PCAP_UNITS = new Map([
  [0xa1b2c3d4, 1e6],
  [0xa1b23c4d, 1e9],
]);
/** The same with other fields in records, as some old systems wrote it. */
const PCAP_MODIFIED = 0xa1b2cd34;
const PCAPNG = 0x0a0d0d0a;

export interface Peeked {
  kind: Kind;
  /** Of its first packet, in s since the epoch, if that is easy to tell. */
  since: number | undefined;
}

/** `undefined` of what has no beginning that can be looked at: a pipe, a directory, what is missing. */
export function peek(path: string): Peeked | undefined {
  // A pipe must not even be opened: its writer would take that for its reader.
  if (statusOf(path)?.isFile() !== true) return undefined;
  let fd: number | undefined;
  try {
    fd = path === '-' ? 0 : openSync(path, 'r');
    const bytes = readAt(fd, 0);
    const plain = plainHead(bytes);
    const kind = kindOfHead(bytes, plain, path);
    const isLog = kind === 'unknown' && isText(bytes) && hasOurs(fd);
    return { kind: isLog ? 'lines' : kind, since: plain && firstPacketTime(plain) };
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined && path !== '-') closeSync(fd);
  }
}

function readAt(fd: number, position: number): Buffer {
  const buffer = Buffer.alloc(PEEKED_BYTES);
  return buffer.subarray(0, readSync(fd, buffer, 0, PEEKED_BYTES, position));
}

function isText(bytes: Buffer): boolean {
  return bytes.length > 0 && !bytes.includes(0);
}

/** Searches beyond the beginning. */
function hasOurs(fd: number): boolean {
  // Pieces overlap: it may stand across their border.
  const step = PEEKED_BYTES - OURS.length;
  for (let position = step; position < MAX_SEARCHED_BYTES; position += step) {
    const bytes = readAt(fd, position);
    if (bytes.includes(OURS)) return true;
    if (bytes.length < PEEKED_BYTES) return false;
  }
  return false;
}

/** `bytes`: the first bytes. */
export function kindOf(bytes: Buffer, path: string): Kind {
  return kindOfHead(bytes, plainHead(bytes), path);
}

function kindOfHead(bytes: Buffer, plain: Buffer | undefined, path: string): Kind {
  // Not every Node.js unpacks zstd; the name tells then.
  if (plain === undefined) return /\.(jsonl|ndjson|log)(\.\w+)?$/i.test(path) ? 'lines' : 'savefile';
  const kind = kindOfPlain(plain, path);
  if (packingOf(bytes) === undefined) return kind;
  // If it is no savefile, the engine says so best.
  return kind === 'unknown' ? 'savefile' : kind;
}

function kindOfPlain(bytes: Buffer, path: string): Kind {
  if (isSavefile(bytes)) return 'savefile';
  const text = bytes.toString().trimStart();
  if (/^\{\s*"log"\s*:/.test(text)) return 'har';
  if (/^\[\s*\{/.test(text)) return 'array';
  if (text.startsWith('{') || text.includes(OURS) || /\.(jsonl|ndjson)(\.\w+)?$/i.test(path)) return 'lines';
  return 'unknown';
}

function isSavefile(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const magics = [bytes.readUInt32LE(0), bytes.readUInt32BE(0)];
  return magics.some((magic) => PCAP_UNITS.has(magic) || magic === PCAP_MODIFIED || magic === PCAPNG);
}

/** `plain`: the first bytes, unpacked. */
export function firstPacketTime(plain: Buffer): number | undefined {
  try {
    return plain.readUInt32LE(0) === PCAPNG ? timeInPcapng(plain) : timeInPcap(plain);
  } catch {
    // Too short for a packet.
    return undefined;
  }
}

/** A reader of 32-bit numbers in the file's byte order. */
type Read = (at: number) => number;

function timeInPcap(bytes: Buffer): number | undefined {
  const little = PCAP_UNITS.get(bytes.readUInt32LE(0));
  const units = little ?? PCAP_UNITS.get(bytes.readUInt32BE(0));
  if (units === undefined) return undefined;
  const read: Read = (at) => (little === undefined ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  return read(24) + read(28) / units;
}

const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE_BLOCK = 1;
const ENHANCED_BLOCK = 6;
const RESOLUTION_OPTION = 9;

/** The time of the first Enhanced Packet Block, with the resolution of the first interface. */
function timeInPcapng(bytes: Buffer): number | undefined {
  const order = bytes.readUInt32LE(8) === BYTE_ORDER ? LITTLE : 'big';
  const read: Read = (at) => (order === LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const read16: Read = (at) => (order === LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  let unitsPerSecond: number | undefined;
  for (let at = 0; ; ) {
    const [type, length] = [read(at), read(at + 4)];
    if (length < 12) return undefined;
    if (type === INTERFACE_BLOCK && unitsPerSecond === undefined) {
      unitsPerSecond = 1e6;
      for (let option = at + 16; option + 4 < at + length - 4; ) {
        const [code, size] = [read16(option), read16(option + 2)];
        if (code === 0) break;
        const value = bytes.readUInt8(option + 4);
        if (code === RESOLUTION_OPTION) unitsPerSecond = value & 0x80 ? 2 ** (value & 0x7f) : 10 ** value;
        option += 4 + Math.ceil(size / 4) * 4;
      }
    }
    if (type === ENHANCED_BLOCK) return (read(at + 12) * 2 ** 32 + read(at + 16)) / (unitsPerSecond ?? 1e6);
    at += length;
  }
}
