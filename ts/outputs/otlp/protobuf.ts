/**
 * OTLP in Protocol Buffers (opentelemetry-proto 1.x: trace, common, resource, collector). Field numbers stand in the tags; a tag is
 * number × 8 + wire type: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
 */

import { type Encoding, type Envelope, KIND_SERVER, SCHEMA_URL, STATUS_ERROR, unescaped } from './encoding';
import { rejectedOf } from './partial-success';
import { RandomBytes } from './random';

const random = new RandomBytes();

const BYTE = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
const FOUR_BYTES = 2 ** 32;

/** Of a number that is not negative. */
function varint(value: number): string {
  if (value < 0x80) return BYTE[value] as string;
  let text = '';
  let rest = value;
  while (rest >= 0x80) {
    text += BYTE[(rest % 0x80) + 0x80];
    rest = Math.floor(rest / 0x80);
  }
  return text + BYTE[rest];
}

/** Length and bytes. */
function sized(bytes: string): string {
  return varint(bytes.length) + bytes;
}

/** Little-endian. */
function fixed32(value: number): string {
  const char = (shift: number): string => BYTE[(value >>> shift) & 0xff] as string;
  return char(0) + char(8) + char(16) + char(24);
}

/** ns of µs: more than 53 bits, so in two halves. */
function nanos(micros: number): string {
  const low = (micros % FOUR_BYTES) * 1_000;
  const high = Math.floor(micros / FOUR_BYTES) * 1_000 + Math.floor(low / FOUR_BYTES);
  return fixed32(low % FOUR_BYTES) + fixed32(high);
}

/** `Span.attributes` (9) with a `KeyValue` of which `value` is a whole `AnyValue`. */
function attribute(proto: string, value: string): string {
  return `\x4a${sized(proto + sized(value))}`;
}

const KIND = `\x30${BYTE[KIND_SERVER]}`;
const ERROR = `\x18${BYTE[STATUS_ERROR]}`;

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

export const protobuf: Encoding = {
  contentType: 'application/x-protobuf',
  id: (hex) => Buffer.from(hex, 'hex').toString('latin1'),
  newId: (bytes) => random.latin1(bytes),
  text: (key, text) => attribute(key.proto, `\x0a${sized(unescaped(text))}`),
  number: (key, value) => attribute(key.proto, `\x18${varint(value)}`),
  flag: (key) => attribute(key.proto, '\x10\x01'),
  span({ traceId, spanId, parentId, traceState, flags, name, startMicros, endMicros, attributes, isError, message }) {
    let text = `\x0a${sized(traceId)}\x12${sized(spanId)}`;
    if (traceState !== '') text += `\x1a${sized(unescaped(traceState))}`;
    if (parentId !== '') text += `\x22${sized(parentId)}`;
    text += `\x2a${sized(unescaped(name))}${KIND}\x39${nanos(startMicros)}\x41${nanos(endMicros)}${attributes}`;
    if (isError) text += `\x7a${sized(message === '' ? ERROR : `\x12${sized(message)}${ERROR}`)}`;
    return `\x12${sized(`${text}\x85\x01${fixed32(flags)}`)}`;
  },
  envelope(resource, { name, version }): Envelope {
    const attributes = resource.map(
      ([key, value]) => `\x0a${sized(`\x0a${sized(utf8(key))}\x12${sized(`\x0a${sized(utf8(value))}`)}`)}`,
    );
    const resourceField = `\x0a${sized(attributes.join(''))}`;
    const scope = `\x0a${sized(`\x0a${sized(utf8(name))}\x12${sized(utf8(version))}`)}`;
    const schema = `\x1a${sized(SCHEMA_URL)}`;
    return {
      // Two messages around the spans, each with a tag and a length of at most four bytes.
      overhead: resourceField.length + scope.length + schema.length + 2 * 5,
      separator: '',
      wrap(spans) {
        const bytes = spans.reduce((sum, { length }) => sum + length, 0);
        const scopeSpans = `\x12${varint(scope.length + bytes + schema.length)}${scope}`;
        const inside = resourceField.length + scopeSpans.length + bytes + schema.length;
        const begin = Buffer.from(`\x0a${varint(inside)}${resourceField}${scopeSpans}`, 'latin1');
        return Buffer.concat([begin, ...spans, Buffer.from(schema)]);
      },
    };
  },
  rejectedSpans: rejectedOf,
};
