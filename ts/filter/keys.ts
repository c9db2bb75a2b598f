/** The keys of expressions: a row is all that there is to say of a key. */

import type { HttpMessage } from '../types';
import type { Exchange, Test } from './exchange';
import * as read from './exchange';
import { callOf, grpcStatusOf, isGrpc } from './grpc';
import { parseMoment, placeOf } from './moment';
import { isLike, isPathLike } from './patterns';
import { compileRegex } from './regex';
import { parseSize, parseTime } from './units';
import * as values from './values';

export type Operator = '=' | '~' | values.Ordering;

/** `!=` and `!~` are made of these. */
const EQUAL: readonly Operator[] = ['='];
const TEXT: readonly Operator[] = ['=', '~'];
const NUMBER: readonly Operator[] = ['=', '<', '<=', '>', '>='];

export interface Key {
  /** Those that it takes; a key without any stands alone. */
  readonly operators: readonly Operator[];
  /** An expression with it that is right. */
  readonly example: string;
  /** Its values may be secrets: no complaint shows them. */
  readonly secret?: true;
  /** `a!=b` asks for that too, where the rest is another world. */
  readonly only?: Test;
  /** It stands alone as well, and is true then if there is such a thing. */
  readonly present?: Test;
  /** @throws what is expected of `text` */
  compile(operator: Operator, text: string): Test;
}

/** Where a value is looked for, and if it may still come. */
interface Place<Value> {
  of(exchange: Exchange): readonly Value[];
  isOpen(exchange: Exchange): boolean;
}

function has<Value>({ of, isOpen }: Place<Value>, test: (value: Value) => boolean): Test {
  return (exchange, whole) => {
    if (of(exchange).some(test)) return true;
    return !whole && isOpen(exchange) ? undefined : false;
  };
}

type Side = 'request' | 'response' | 'either';

const OPEN: Readonly<Record<Side, (exchange: Exchange) => boolean>> = {
  request: ({ request }) => request === undefined,
  response: ({ response }) => response === undefined,
  either: ({ request, response }) => request === undefined || response === undefined,
};

function listed<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}

/** The values in the messages of a side. */
function inMessages<Value>(side: Side, of: (message: HttpMessage) => readonly Value[]): Place<Value> {
  return {
    of: ({ request, response }) => [
      ...(request === undefined || side === 'response' ? [] : of(request)),
      ...(response === undefined || side === 'request' ? [] : of(response)),
    ],
    isOpen: OPEN[side],
  };
}

/** A value that the exchange has once: its request says it, or the response to that request. */
function inExchange<Value>(of: (exchange: Exchange) => Value | undefined): Place<Value> {
  return {
    of: (exchange) => listed(of(exchange)),
    isOpen: (exchange) => exchange.request === undefined && of(exchange) === undefined,
  };
}

function textKey(
  place: Place<string>,
  example: string,
  equals: (wanted: string) => (value: string) => boolean,
  secret?: true,
): Key {
  return {
    operators: TEXT,
    example,
    secret,
    compile: (operator, text) => has(place, operator === '~' ? compileRegex(some(text)) : equals(text)),
  };
}

function numberKey(place: Place<number>, example: string, parse: (text: string) => number): Key {
  return {
    operators: NUMBER,
    example,
    compile: (operator, text) => {
      const limit = parse(text);
      return has(
        place,
        operator === '=' ? (value) => value === limit : values.ordered(operator as values.Ordering, limit),
      );
    },
  };
}

function endpointKey(of: (exchange: Exchange) => readonly HttpMessage['receiver'][], example: string): Key {
  const place = { of, isOpen: () => false };
  return { operators: EQUAL, example, compile: (_, text) => has(place, values.oneOf(text, values.endpoint)) };
}

function flagKey(example: string, test: Test): Key {
  return { operators: [], example, compile: () => test, present: test };
}

/** A part of a text, which is in all of them if it is empty. */
function some(text: string): string {
  if (text === '') throw new Error('must not be empty, which would be everything');
  return text;
}

const like = (pattern: string) => (value: string) => isLike(pattern, value);
const inList = (item: (text: string) => (value: string) => boolean) => (text: string) => values.oneOf(text, item);

const isUnanswered: Test = ({ response }, whole) => (response !== undefined ? false : whole ? true : undefined);
const isOfGrpc = has(
  inMessages('either', (message) => [isGrpc(message)]),
  (is) => is,
);

const STATUS: Key = {
  operators: NUMBER,
  example: 'status=5xx',
  compile: (operator, text) => {
    const codes = inMessages('response', ({ statusCode }) => listed(statusCode));
    if (operator !== '=') return has(codes, values.ordered(operator as values.Ordering, values.statusCode(text)));
    const items = text.split(',').map((item) => item.trim().toLowerCase());
    const rest = items.filter((item) => item !== 'none');
    const isOne = rest.length === 0 ? undefined : has(codes, values.oneOf(rest.join(), values.status));
    if (!items.includes('none')) return isOne as Test;
    return isOne === undefined
      ? isUnanswered
      : (exchange, whole) => isUnanswered(exchange, whole) || isOne(exchange, whole);
  },
};

const GRPC_STATUS: Key = {
  operators: EQUAL,
  example: 'grpc.status=NOT_FOUND',
  only: isOfGrpc,
  compile: (_, text) => {
    const statuses = inMessages('response', (message) => listed(grpcStatusOf(message)));
    if (text.toLowerCase() !== 'none') {
      const isOne = has(statuses, values.oneOf(text, values.grpcStatus));
      return and(isOfGrpc, isOne);
    }
    const hasOne = has(statuses, () => true);
    return and(isOfGrpc, not(hasOne));
  },
};

export function and(...tests: readonly Test[]): Test {
  return (exchange, whole) => {
    let verdict: boolean | undefined = true;
    for (const test of tests) {
      const found = test(exchange, whole);
      if (found === false) return false;
      if (found === undefined) verdict = undefined;
    }
    return verdict;
  };
}

export function not(test: Test): Test {
  return (exchange, whole) => {
    const found = test(exchange, whole);
    return found === undefined ? undefined : !found;
  };
}

export function or(...tests: readonly Test[]): Test {
  return not(and(...tests.map(not)));
}

const PLAIN: Readonly<Record<string, Key>> = {
  method: {
    operators: EQUAL,
    example: 'method=POST',
    compile: (_, text) => has(inExchange(read.methodOf), values.oneOf(text, values.method)),
  },
  path: textKey(inExchange(read.targetOf), 'path=/orders', (wanted) => {
    const pattern = some(wanted);
    return (value) => isPathLike(pattern, value);
  }),
  host: {
    operators: TEXT,
    example: 'host=*.example.com',
    compile: (operator, text) =>
      operator === '~'
        ? has(inExchange(read.hostOf), compileRegex(some(text)))
        : has(inExchange(read.authorityOf), values.oneOf(text, values.host)),
  },
  client: endpointKey(read.clientsOf, 'client=10.0.0.0/8'),
  server: endpointKey(read.serversOf, 'server=10.0.0.5:8080'),
  port: {
    operators: NUMBER,
    example: 'port=8000-8100',
    compile: (operator, text) => {
      const place = {
        of: (exchange: Exchange) =>
          read
            .serversOf(exchange)
            .slice(0, 1)
            .map(({ port }) => port),
        isOpen: () => false,
      };
      if (operator === '=') return has(place, values.oneOf(text, values.port));
      return has(place, values.ordered(operator as values.Ordering, values.portNumber(text)));
    },
  },
  status: STATUS,
  latency: numberKey(
    inMessages('response', ({ latencyMs }) => listed(latencyMs)),
    'latency>250ms',
    parseTime,
  ),
  wait: numberKey(
    inMessages('response', ({ waitMs }) => listed(waitMs)),
    'wait>1s',
    parseTime,
  ),
  duration: numberKey(
    inMessages('response', (message) => listed(read.durationOf(message))),
    'duration>2s',
    parseTime,
  ),
  upload: numberKey(
    inMessages('request', ({ durationMs = 0 }) => [durationMs]),
    'upload>1s',
    parseTime,
  ),
  download: numberKey(
    inMessages('response', ({ durationMs = 0 }) => [durationMs]),
    'download>1s',
    parseTime,
  ),
  id: textKey(
    { of: ({ request, response }) => listed((request ?? response)?.id), isOpen: () => false },
    'id=1.4',
    inList(like),
  ),
  time: {
    operators: NUMBER,
    example: 'time>=14:03',
    compile: (operator, text) => {
      const moment = parseMoment(text, Date.now());
      const isThere = values.within(operator, moment.from, moment.to);
      return has(inExchange(read.beginningOf), (ms) => isThere(placeOf(ms, moment)));
    },
  },
  version: {
    operators: EQUAL,
    example: 'version=1.1',
    compile: (_, text) => {
      if (!/^\d(\.\d)?$/.test(text)) throw new Error('must be a version of HTTP, e.g. 1.1 or 2');
      const wanted = text.length === 1 ? `${text}.` : text;
      return has(
        { of: ({ request, response }) => listed((request ?? response)?.httpVersion), isOpen: () => false },
        (value) => value.startsWith(wanted),
      );
    },
  },
  incomplete: flagKey(
    'incomplete',
    has(
      inMessages('either', ({ incomplete }) => listed(incomplete)),
      () => true,
    ),
  ),
  tls: flagKey('tls', ({ request, response }) => (request ?? response)?.tls !== undefined),
  grpc: flagKey('grpc', isOfGrpc),
  'grpc.service': ofGrpc((exchange) => callOf(exchange)?.service, 'grpc.service=shop.Orders'),
  'grpc.method': ofGrpc((exchange) => callOf(exchange)?.method, 'grpc.method=Create'),
  'grpc.status': GRPC_STATUS,
};

function ofGrpc(of: (exchange: Exchange) => string | undefined, example: string): Key {
  const key = textKey(inExchange(of), example, inList(like));
  return { ...key, only: isOfGrpc, compile: (operator, text) => and(isOfGrpc, key.compile(operator, text)) };
}

/** Keys of a message: of either one of an exchange, or with `request.` and `response.` before them of that exchange. */
const SIDED: Readonly<Record<string, (side: Side) => Key>> = {
  // Of either one the response's, as everywhere where a size is shown.
  size: (side) =>
    numberKey(
      inMessages(side === 'either' ? 'response' : side, ({ bodySize }) => [bodySize]),
      'size>1MiB',
      parseSize,
    ),
  body: (side) =>
    textKey(
      inMessages(side, read.textsOf),
      'body="out of cups"',
      (wanted) => {
        const part = some(wanted);
        return (value) => value.includes(part);
      },
      true,
    ),
  header: headerKey,
};

function fieldsOf({ headers, trailers }: HttpMessage): [string, string][] {
  return [...Object.entries(headers), ...Object.entries(trailers ?? {})];
}

function headerKey(side: Side): Key {
  const place = inMessages(side, fieldsOf);
  return {
    operators: TEXT,
    example: 'header.x-debug=1',
    secret: true,
    compile: (operator, text) => {
      if (operator === '~') {
        const isFound = compileRegex(some(text));
        return has(place, ([name, value]) => isFound(`${name}: ${value}`));
      }
      const [, name = text, value] = /^([^:]*):(.*)$/s.exec(text) ?? [];
      const wanted = name.trim().toLowerCase();
      return has(place, (field) => field[0] === wanted && (value === undefined || isLike(value.trim(), field[1])));
    },
  };
}

function namedHeaderKey(side: Side, name: string): Key {
  const place = inMessages(side, ({ headers, trailers }) => [
    ...listed(Object.hasOwn(headers, name) ? headers[name] : undefined),
    ...listed(trailers !== undefined && Object.hasOwn(trailers, name) ? trailers[name] : undefined),
  ]);
  return { ...textKey(place, 'header.x-debug=1', like, true), present: has(place, () => true) };
}

/** The possible keys, in the order of the documentation. */
export const KEYS: Readonly<Record<string, Pick<Key, 'operators' | 'example'>>> = {
  ...PLAIN,
  ...Object.fromEntries(Object.entries(SIDED).map(([name, keyOf]) => [name, keyOf('either')])),
};
export const KEY_NAMES: readonly string[] = Object.keys(KEYS);

export function findKey(word: string): Key | undefined {
  const name = word.toLowerCase();
  if (Object.hasOwn(PLAIN, name)) return PLAIN[name];
  const [, side, rest = ''] = /^(?:(request|response)\.)?(.+)$/.exec(name) ?? [];
  const place = (side ?? 'either') as Side;
  if (Object.hasOwn(SIDED, rest)) return SIDED[rest]?.(place);
  return rest.startsWith('header.') && rest !== 'header.'
    ? namedHeaderKey(place, rest.slice('header.'.length))
    : undefined;
}
