// Messages to decoded spans, in both encodings, without a network.
import { expect } from 'vitest';
import { KNOWN_METHODS } from '../../ts/exchange/methods';
import { json } from '../../ts/outputs/otlp/json';
import { protobuf } from '../../ts/outputs/otlp/protobuf';
import { type SpansOptions, SpansPacker } from '../../ts/outputs/otlp/spans';
import type { DropReason, Kept } from '../../ts/outputs/output';
import { WaitingLine } from '../../ts/outputs/waiting-line';
import type { HttpMessage } from '../../ts/types';
import { decodeJson, decodeProtobuf, type Span, type TracesRequest } from './decode';

const ENCODINGS = {
  json: { encoding: json, decode: decodeJson },
  protobuf: { encoding: protobuf, decode: decodeProtobuf },
};
export const NAMES = ['json', 'protobuf'] as const;

interface Packed {
  packer: SpansPacker;
  drops: Partial<Record<DropReason, number>>;
  add(...messages: object[]): void;
  /** All that is ready; with `flush` all. */
  requests(flush?: boolean): TracesRequest[];
  bodies: Buffer[];
}

export function packed(name: (typeof NAMES)[number], options: Partial<SpansOptions> = {}): Packed {
  const { encoding, decode } = ENCODINGS[name];
  const packer = new SpansPacker({
    encoding,
    envelope: encoding.envelope([['service.name', 'a "shop" ü']], { name: 'tcp-sniffer', version: '1.2.3' }),
    bodies: false,
    knownMethods: KNOWN_METHODS,
    maxMessages: 2_000,
    maxBytes: 1_048_576,
    patienceMs: 300_000,
    losses: () => 0,
    now: () => 0,
    ...options,
  });
  const line = new WaitingLine();
  const drops: Packed['drops'] = {};
  const sink = {
    push: (kept: Kept) => line.push(kept),
    drop: (reason: DropReason, messages: number) => {
      if (messages > 0) drops[reason] = (drops[reason] ?? 0) + messages;
    },
  };
  const bodies: Buffer[] = [];
  return {
    packer,
    drops,
    bodies,
    add: (...messages) => {
      const lines = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
      packer.add({ lines, messages: messages.length }, sink);
    },
    requests: (flush = true) => {
      if (flush) packer.flush(sink);
      const found: TracesRequest[] = [];
      for (let parcel = packer.take(line); parcel !== undefined; parcel = packer.take(line)) {
        bodies.push(parcel.body);
        const request = decode(parcel.body);
        expect(request.spans).toHaveLength(parcel.records);
        found.push(request);
      }
      return found;
    },
  };
}

export const REQUEST: HttpMessage = {
  id: '7.3',
  timestamp: '2024-05-17T08:30:00.002Z',
  direction: 'request',
  receiver: { ip: '10.0.0.80', port: 8080 },
  destination: { ip: '10.0.0.10', port: 40_001 },
  method: 'GET',
  path: '/items/4711?color=blue',
  httpVersion: '1.1',
  headers: { host: 'shop.example:8443', 'user-agent': 'curl/8' },
  body: '',
  bodySize: 0,
};
export const RESPONSE: HttpMessage = {
  id: '7.3',
  timestamp: '2024-05-17T08:30:00.003Z',
  direction: 'response',
  receiver: REQUEST.receiver,
  destination: REQUEST.destination,
  statusCode: 200,
  reason: 'OK',
  httpVersion: '1.1',
  headers: { host: 'not.this' },
  body: 'hello',
  bodySize: 5,
  request: { method: 'GET', path: '/items/4711?color=blue' },
  latencyMs: 1.462,
  durationMs: 2.5,
};

export function spanOf(
  request: object | undefined,
  response: object | undefined,
  options: Partial<SpansOptions> = {},
  name: (typeof NAMES)[number] = 'protobuf',
): Span {
  const { add, requests } = packed(name, options);
  add(...[request, response].filter((each) => each !== undefined));
  const [found] = requests();
  return found?.spans[0] as Span;
}
