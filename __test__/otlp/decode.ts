// Requests of OTLP as a receiver reads them, from either encoding to one shape. The reader of Protocol Buffers is its own: field
// numbers are those of opentelemetry-proto's trace.proto, common.proto and resource.proto.

export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  kind: number;
  start: bigint;
  end: bigint;
  attributes: Record<string, string | number | boolean>;
  status: { code: number; message: string };
}

export interface TracesRequest {
  resource: Record<string, string | number | boolean>;
  scope: { name: string; version: string };
  schemaUrl: string;
  spans: Span[];
}

type JsonValue = { stringValue?: string; intValue?: string; boolValue?: boolean };
type JsonAttribute = { key: string; value: JsonValue };

const INT64 = /^-?\d+$/;

function attributesOfJson(attributes: JsonAttribute[] = []): Span['attributes'] {
  const pairs = attributes.map(({ key, value }): [string, string | number | boolean] => {
    const kinds = Object.keys(value);
    if (kinds.length !== 1) throw new Error(`${key} has ${kinds.length} values`);
    if (value.intValue !== undefined) {
      if (typeof value.intValue !== 'string' || !INT64.test(value.intValue)) throw new Error(`${key} is no int64`);
      return [key, Number(value.intValue)];
    }
    return [key, value.boolValue ?? (value.stringValue as string)];
  });
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error('an attribute is there twice');
  return Object.fromEntries(pairs);
}

export function decodeJson(body: Buffer): TracesRequest {
  // As strict as a receiver is: not only valid JSON, but valid UTF-8.
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  const [resourceSpans, ...others] = JSON.parse(text).resourceSpans;
  if (others.length > 0 || resourceSpans.scopeSpans.length !== 1) throw new Error('more than one resource or scope');
  const [{ scope, spans, schemaUrl }] = resourceSpans.scopeSpans;
  return {
    resource: attributesOfJson(resourceSpans.resource.attributes),
    scope,
    schemaUrl,
    spans: spans.map((span: Record<string, unknown> & { status: { code?: number; message?: string } }) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? '',
      traceState: span.traceState ?? '',
      flags: span.flags,
      name: span.name,
      kind: span.kind,
      start: BigInt(span.startTimeUnixNano as string),
      end: BigInt(span.endTimeUnixNano as string),
      attributes: attributesOfJson(span.attributes as JsonAttribute[]),
      status: { code: span.status.code ?? 0, message: span.status.message ?? '' },
    })),
  };
}

type Field = { number: number; value: bigint | Buffer };

/** All fields of a message, in their order. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('a varint without its end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (bytes: number): Buffer => {
    if (at + bytes > message.length) throw new Error('a field without its end');
    at += bytes;
    return message.subarray(at - bytes, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    if (tag % 8 === 0) fields.push({ number, value: varint() });
    else if (tag % 8 === 1) fields.push({ number, value: take(8).readBigUInt64LE() });
    else if (tag % 8 === 2) fields.push({ number, value: take(Number(varint())) });
    else if (tag % 8 === 5) fields.push({ number, value: BigInt(take(4).readUInt32LE()) });
    else throw new Error(`wire type ${tag % 8}`);
  }
  return fields;
}

const bytesOf = (fields: Field[], number: number): Buffer[] =>
  fields.filter((field) => field.number === number).map(({ value }) => value as Buffer);

function one(fields: Field[], number: number): Buffer {
  const all = bytesOf(fields, number);
  if (all.length > 1) throw new Error(`field ${number} is there ${all.length} times`);
  return all[0] ?? Buffer.alloc(0);
}

const numberOf = (fields: Field[], number: number): bigint =>
  (fields.find((field) => field.number === number)?.value as bigint | undefined) ?? 0n;

const textOf = (bytes: Buffer): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

function attributesOfProto(attributes: Buffer[]): Span['attributes'] {
  const pairs = attributes.map((attribute): [string, string | number | boolean] => {
    const fields = fieldsOf(attribute);
    const [value, ...others] = fieldsOf(one(fields, 2));
    if (value === undefined || others.length > 0) throw new Error('an attribute without one value');
    const key = textOf(one(fields, 1));
    if (value.number === 1) return [key, textOf(value.value as Buffer)];
    if (value.number === 2) return [key, value.value === 1n];
    if (value.number === 3) return [key, Number(value.value)];
    throw new Error(`a value of kind ${value.number}`);
  });
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error('an attribute is there twice');
  return Object.fromEntries(pairs);
}

export function decodeProtobuf(body: Buffer): TracesRequest {
  const resourceSpans = fieldsOf(one(fieldsOf(body), 1));
  const scopeSpans = fieldsOf(one(resourceSpans, 2));
  const scope = fieldsOf(one(scopeSpans, 1));
  return {
    resource: attributesOfProto(bytesOf(fieldsOf(one(resourceSpans, 1)), 1)),
    scope: { name: textOf(one(scope, 1)), version: textOf(one(scope, 2)) },
    schemaUrl: textOf(one(scopeSpans, 3)),
    spans: bytesOf(scopeSpans, 2).map((bytes) => {
      const span = fieldsOf(bytes);
      const status = fieldsOf(one(span, 15));
      return {
        traceId: one(span, 1).toString('hex'),
        spanId: one(span, 2).toString('hex'),
        traceState: textOf(one(span, 3)),
        parentSpanId: one(span, 4).toString('hex'),
        name: textOf(one(span, 5)),
        kind: Number(numberOf(span, 6)),
        start: numberOf(span, 7),
        end: numberOf(span, 8),
        attributes: attributesOfProto(bytesOf(span, 9)),
        status: { code: Number(numberOf(status, 3)), message: textOf(one(status, 2)) },
        flags: Number(numberOf(span, 16)),
      };
    }),
  };
}
