/**
 * OTLP in JSON (the proto3 JSON mapping with OTLP's exceptions: ids in hex, enums as numbers; 64-bit numbers are strings). Texts
 * of the engine are JSON already and stay as they are.
 */

import { type Encoding, type Envelope, escaped, KIND_SERVER, SCHEMA_URL, STATUS_ERROR } from './encoding';
import { RandomBytes } from './random';

const random = new RandomBytes();

export const json: Encoding = {
  contentType: 'application/json',
  id: (hex) => hex,
  newId: (bytes) => random.hex(bytes),
  text: (key, text) => `${key.json}"stringValue":"${text}"}}`,
  number: (key, value) => `${key.json}"intValue":"${value}"}}`,
  flag: (key) => `${key.json}"boolValue":true}}`,
  span({ traceId, spanId, parentId, traceState, flags, name, startMicros, endMicros, attributes, isError, message }) {
    let text = `{"traceId":"${traceId}","spanId":"${spanId}"`;
    if (parentId !== '') text += `,"parentSpanId":"${parentId}"`;
    if (traceState !== '') text += `,"traceState":"${traceState}"`;
    text += `,"flags":${flags},"name":"${name}","kind":${KIND_SERVER},"startTimeUnixNano":"${startMicros}000"`;
    text += `,"endTimeUnixNano":"${endMicros}000","attributes":[${attributes.slice(1)}],"status":{`;
    if (isError) text += message === '' ? `"code":${STATUS_ERROR}` : `"code":${STATUS_ERROR},"message":"${message}"`;
    return `${text}}}`;
  },
  envelope(resource, { name, version }): Envelope {
    const attributes = resource.map(
      ([key, value]) => `{"key":"${escaped(key)}","value":{"stringValue":"${escaped(value)}"}}`,
    );
    const scope = `{"name":"${escaped(name)}","version":"${escaped(version)}"}`;
    const begin = Buffer.from(
      `{"resourceSpans":[{"resource":{"attributes":[${attributes.join()}]},"scopeSpans":[{"scope":${scope},"spans":[`,
      'latin1',
    );
    const end = Buffer.from(`],"schemaUrl":"${SCHEMA_URL}"}]}]}`);
    return {
      overhead: begin.length + end.length,
      separator: ',',
      wrap(spans) {
        const all = Buffer.concat([begin, ...spans, end]);
        // The comma after the last span is one too many.
        end.copy(all, all.length - end.length - 1);
        return all.subarray(0, all.length - 1);
      },
    };
  },
  rejectedSpans(answer) {
    try {
      const { partialSuccess } = JSON.parse(answer.toString()) as { partialSuccess?: { rejectedSpans?: unknown } };
      const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
      return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0;
    } catch {
      return 0;
    }
  },
};
