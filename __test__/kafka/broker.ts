// A broker of Kafka on loopback, as far as a producer asks it: who leads, who you are, what is produced. Keeps what comes, and refuses
// what it is told to refuse.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Exchange, exchangeWith, type User } from './scram';
import {
  compact,
  compactArray,
  compactBytes,
  int8,
  int16,
  int32,
  int64,
  NULL,
  Reader,
  recordsOf,
  type StoredRecord,
  string,
  TAGS,
} from './wire';

export const PARTITIONS = 3;

/** Topics go by their names here. */
const NO_ID = Buffer.alloc(16);

const [PRODUCE, METADATA, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE] = [0, 3, 17, 18, 36];
/** The version of ApiVersions that a client asks before it signs in, in the classic format (the second major version of the client). */
const API_VERSIONS_CLASSIC = 1;
/** One version of each, so that there is one format to read. */
const VERSIONS: readonly (readonly [api: number, version: number])[] = [
  [PRODUCE, 9],
  [METADATA, 12],
  [SASL_HANDSHAKE, 1],
  [API_VERSIONS, 3],
  [SASL_AUTHENTICATE, 2],
];

/** Codes of the protocol. */
export const ERRORS = {
  NONE: 0,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  NOT_LEADER_OR_FOLLOWER: 6,
  MESSAGE_TOO_LARGE: 10,
  TOPIC_AUTHORIZATION_FAILED: 29,
  UNSUPPORTED_SASL_MECHANISM: 33,
  SASL_AUTHENTICATION_FAILED: 58,
} as const;

/** The outcome of one partition's part of a request; `silent`: it is kept, and the connection breaks before the answer. */
export type Verdict = keyof typeof ERRORS | 'silent';

export interface BrokerOptions {
  tls?: { key: Buffer; cert: Buffer };
  user?: User;
  topics?: readonly string[];
  /** `before`: how many requests came before that. */
  judge?(records: readonly StoredRecord[], before: number): Verdict;
}

export interface Broker {
  readonly port: number;
  /** Those that were taken, in the order in which they came. */
  readonly records: StoredRecord[];
  /** Who has signed in. */
  readonly users: string[];
  stop(): void;
}

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { tls, user, topics = ['http'], judge = () => 'NONE' } = options;
  const records: StoredRecord[] = [];
  const users: string[] = [];
  const sockets = new Set<Socket>();
  let requests = 0;

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let exchange: Exchange | undefined;
    let isKnown = user === undefined;
    let rest = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE()) {
        const end = 4 + rest.readInt32BE();
        const answer = answerTo(new Reader(rest.subarray(4, end)));
        rest = rest.subarray(end);
        if (answer === undefined) socket.destroy();
        else socket.write(Buffer.concat([int32(answer.length), answer]));
      }
    });

    function answerTo(request: Reader): Buffer | undefined {
      const [api, version, correlation] = [request.int16(), request.int16(), request.take(4)];
      request.string();
      if (api === API_VERSIONS && version === API_VERSIONS_CLASSIC) {
        return Buffer.concat([correlation, versionsInClassic()]);
      }
      if (!VERSIONS.some((each) => each[0] === api && each[1] === version)) throw new Error(`${api} in ${version}`);
      if (api !== SASL_HANDSHAKE) request.tags();
      if (api === API_VERSIONS) return Buffer.concat([correlation, versions()]);
      if (api === SASL_HANDSHAKE) {
        const isOurs = request.string() === user?.mechanism;
        if (user !== undefined) exchange = exchangeWith(user);
        const code = isOurs ? ERRORS.NONE : ERRORS.UNSUPPORTED_SASL_MECHANISM;
        return Buffer.concat([correlation, int16(code), int32(1), string(user?.mechanism ?? '')]);
      }
      const body = api === SASL_AUTHENTICATE ? authenticated(request) : isKnown ? asked(api, request) : undefined;
      return body && Buffer.concat([correlation, TAGS, body]);
    }

    function authenticated(request: Reader): Buffer {
      const step = exchange?.next(request.compactBytes());
      isKnown = step?.isDone === true;
      if (isKnown && user !== undefined) users.push(user.username);
      const code = step === undefined ? ERRORS.SASL_AUTHENTICATION_FAILED : ERRORS.NONE;
      return Buffer.concat([int16(code), NULL, compactBytes(step?.answer ?? Buffer.alloc(0)), int64(0n), TAGS]);
    }
  };

  const asked = (api: number, request: Reader): Buffer | undefined =>
    api === METADATA ? metadata(request) : produced(request);

  function metadata(request: Reader): Buffer {
    const names = request.compactArray(() => {
      request.take(NO_ID.length);
      const name = request.compactBytes().toString();
      request.tags();
      return name;
    });
    const host = tls === undefined ? '127.0.0.1' : 'localhost';
    const node = Buffer.concat([int32(1), compact(host), int32(port), NULL, TAGS]);
    const nodes = compactArray([int32(1)]);
    const partition = (index: number): Buffer =>
      Buffer.concat([int16(0), int32(index), int32(1), int32(0), nodes, nodes, compactArray([]), TAGS]);
    const topic = (name: string): Buffer => {
      const isThere = topics.includes(name);
      const partitions = isThere ? Array.from({ length: PARTITIONS }, (_, index) => partition(index)) : [];
      const code = isThere ? ERRORS.NONE : ERRORS.UNKNOWN_TOPIC_OR_PARTITION;
      return Buffer.concat([int16(code), compact(name), NO_ID, int8(0), compactArray(partitions), int32(0), TAGS]);
    };
    const parts = [int32(0), compactArray([node]), compact('cluster'), int32(1), compactArray(names.map(topic))];
    return Buffer.concat([...parts, TAGS]);
  }

  function produced(request: Reader): Buffer | undefined {
    request.compactBytes();
    if (request.int16() !== -1) throw new Error('not acknowledged by all');
    request.int32();
    const before = requests++;
    let isSilent = false;
    const answers = request.compactArray(() => {
      const topic = request.compactBytes().toString();
      const partitions = request.compactArray(() => {
        const index = request.int32();
        const given = recordsOf(request.compactBytes(), topic, index);
        request.tags();
        const verdict = judge(given, before);
        if (verdict === 'NONE' || verdict === 'silent') records.push(...given);
        isSilent ||= verdict === 'silent';
        const code = verdict === 'silent' ? ERRORS.NONE : ERRORS[verdict];
        return Buffer.concat([
          int32(index),
          int16(code),
          int64(0n),
          int64(-1n),
          int64(0n),
          compactArray([]),
          NULL,
          TAGS,
        ]);
      });
      request.tags();
      return Buffer.concat([compact(topic), compactArray(partitions), TAGS]);
    });
    return isSilent ? undefined : Buffer.concat([compactArray(answers), int32(0), TAGS]);
  }

  const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    records,
    users,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function versions(): Buffer {
  const each = VERSIONS.map(([api, version]) => Buffer.concat([int16(api), int16(version), int16(version), TAGS]));
  return Buffer.concat([int16(0), compactArray(each), int32(0), TAGS]);
}

function versionsInClassic(): Buffer {
  const each = VERSIONS.map(([api, version]) => Buffer.concat([int16(api), int16(version), int16(version)]));
  return Buffer.concat([int16(0), int32(each.length), ...each, int32(0)]);
}
