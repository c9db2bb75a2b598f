/** The kind of a file, by its first bytes, and the time at which its first packet was captured. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type Kind = 'savefile' | 'lines' | 'har' | 'array' | 'unknown';

/** Enough for the first packet's head also where it is compressed. */
const PEEKED_BYTES = 64 * 1024;

const LITTLE = 'little';
/** pcap's magic as little-endian machines write it, by how many of its units make a second; the other order is the reverse. */
const PCAP_UNITS = new Map([
  [0xa1b2c3d4, 1e6],
  [0xa1b23c4d, 1e9],
]);
/** The same with other fields in records, as some old systems wrote it. */
const PCAP_MODIFIED = 0xa1b2cd34;
const PCAPNG = 0x0a0d0d0a;
const GZIP = 0x8b1f;
const ZSTD = 0xfd2fb528;

export interface Peeked {
  kind: Kind;
  /** Of its first packet, in s since the epoch, if that is easy to tell. */
  since: number | undefined;
}

/** `undefined` of what has no beginning that can be looked at: a pipe, a directory, what is missing. */
export function peek(path: string): Peeked | undefined {
  let fd: number | undefined;
  try {
    fd = path === '-' ? 0 : openSync(path, 'r');
    if (!fstatSync(fd).isFile()) return undefined;
    const buffer = Buffer.alloc(PEEKED_BYTES);
    const bytes = buffer.subarray(0, readSync(fd, buffer, 0, PEEKED_BYTES, 0));
    return { kind: kindOf(bytes, path), since: firstPacketTime(bytes) };
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined && path !== '-') closeSync(fd);
  }
}

export function kindOf(bytes: Buffer, path: string): Kind {
  if (isSavefile(bytes)) return isPacked(bytes) && /\.(jsonl|ndjson)\.gz$/i.test(path) ? 'lines' : 'savefile';
  const text = bytes.subarray(0, 4_096).toString().trimStart();
  if (/^\{\s*"log"\s*:/.test(text)) return 'har';
  if (/^\[\s*\{/.test(text)) return 'array';
  if (text.startsWith('{') || text.includes('"direction":"re') || /\.(jsonl|ndjson)$/i.test(path)) return 'lines';
  return 'unknown';
}

function isPacked(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes.readUInt16LE(0) === GZIP;
}

function isSavefile(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const magics = [bytes.readUInt32LE(0), bytes.readUInt32BE(0)];
  const isPcap = magics.some((magic) => PCAP_UNITS.has(magic) || magic === PCAP_MODIFIED || magic === PCAPNG);
  return isPcap || isPacked(bytes) || magics[0] === ZSTD;
}

export function firstPacketTime(bytes: Buffer): number | undefined {
  try {
    const plain = isPacked(bytes) ? unpacked(bytes) : bytes;
    return plain.readUInt32LE(0) === PCAPNG ? timeInPcapng(plain) : timeInPcap(plain);
  } catch {
    // Too short for a packet.
    return undefined;
  }
}

/** As much as there is of it. */
function unpacked(bytes: Buffer): Buffer {
  const { constants, gunzipSync } = require('node:zlib') as typeof import('node:zlib');
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
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
