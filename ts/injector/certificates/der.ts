/** As much of DER (X.690) as a certificate is written in. */

const SEQUENCE = 0x30;
const SET = 0x31;

function tlv(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export function sequence(...contents: Buffer[]): Buffer {
  return tlv(SEQUENCE, ...contents);
}

export function set(...contents: Buffer[]): Buffer {
  return tlv(SET, ...contents);
}

/** Of a positive number: a first byte of 0x80 or more would make it negative. */
export function integer(bytes: Buffer): Buffer {
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tlv(0x03, Buffer.from([unusedBits]), bytes);
}

export function octetString(...contents: Buffer[]): Buffer {
  return tlv(0x04, ...contents);
}

export function utf8String(text: string): Buffer {
  return tlv(0x0c, Buffer.from(text, 'utf8'));
}

export function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

/** RFC 5280 §4.1.2.5: UTCTime until 2049, then GeneralizedTime; both in whole seconds. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return text < '2050' ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text));
}

/** [n] with its own contents (constructed). */
export function explicit(number: number, ...contents: Buffer[]): Buffer {
  return tlv(0xa0 | number, ...contents);
}

/** [n] IMPLICIT of a primitive. */
export function implicit(number: number, content: Buffer): Buffer {
  return tlv(0x80 | number, content);
}
