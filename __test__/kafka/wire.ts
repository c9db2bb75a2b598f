// The parts of Kafka's wire format that a broker of tests reads and writes: strings and arrays of the flexible versions, and batches of
// records (KIP-482, message format 2).

import * as zlib from 'node:zlib';
import { gunzipSync } from 'node:zlib';

export class Reader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Error('ends early');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  int8 = (): number => this.take(1).readInt8();
  int16 = (): number => this.take(2).readInt16BE();
  int32 = (): number => this.take(4).readInt32BE();
  int64 = (): bigint => this.take(8).readBigInt64BE();

  uvarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.take(1).readUInt8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Of the classic versions. */
  string(): string {
    const length = this.int16();
    return length < 0 ? '' : this.take(length).toString();
  }

  /** One more than the length stands before it. */
  compactBytes(): Buffer {
    return this.take(Math.max(0, this.uvarint() - 1));
  }

  compactArray<Item>(read: () => Item): Item[] {
    return Array.from({ length: Math.max(0, this.uvarint() - 1) }, read);
  }

  tags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      this.take(this.uvarint());
    }
  }
}

export const int8 = (value: number): Buffer => Buffer.from([value & 0xff]);
export const int16 = (value: number): Buffer => int32(value).subarray(2);
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
export const TAGS = int8(0);

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Of the classic versions. */
export const string = (text: string): Buffer => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
export const compactBytes = (bytes: Buffer): Buffer => Buffer.concat([uvarint(bytes.length + 1), bytes]);
export const compact = (text: string): Buffer => compactBytes(Buffer.from(text));
export const NULL = int8(0);
export const compactArray = (items: readonly Buffer[]): Buffer => Buffer.concat([uvarint(items.length + 1), ...items]);

export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | undefined;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: string;
}

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** The records of a partition's part of a request. */
export function recordsOf(batch: Buffer, topic: string, partition: number): StoredRecord[] {
  const head = new Reader(batch);
  head.int64();
  if (head.int32() !== head.left) throw new Error('another length than its own');
  head.int32();
  if (head.int8() !== 2) throw new Error('another format than 2');
  head.int32();
  const compression = COMPRESSIONS[head.int16() & 7] ?? 'unknown';
  head.take(4 + 8 + 8);
  // An idempotent producer has an id.
  if (head.int64() !== -1n) throw new Error('of an idempotent producer');
  head.take(2 + 4);
  const count = head.int32();
  const body = new Reader(unpacked(head.take(head.left), compression));
  return Array.from({ length: count }, () => {
    const record = new Reader(body.take(body.varint()));
    record.int8();
    record.varint();
    record.varint();
    const text = (): string | undefined => {
      const length = record.varint();
      return length < 0 ? undefined : record.take(length).toString();
    };
    const [key, value = ''] = [text(), text()];
    const headers = Array.from({ length: record.varint() }, () => [text() ?? '', text() ?? '']);
    return { topic, partition, key, value, headers: Object.fromEntries(headers), compression };
  });
}

function unpacked(bytes: Buffer, compression: string): Buffer {
  if (compression === 'none') return bytes;
  if (compression === 'gzip') return gunzipSync(bytes);
  // Node.js has it since 22.15.
  const unpack = (zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }).zstdDecompressSync;
  if (compression !== 'zstd' || unpack === undefined) throw new Error(`compressed by ${compression}`);
  return unpack(bytes);
}
