// TypeScript's view of messages and runs; never run, only compiled. An `@ts-expect-error` without an error is an error.
import {
  createSniffer,
  type DropReason,
  type EngineCounter,
  type EngineError,
  type HttpMessage,
  type HttpRequest,
  type HttpResponse,
  type OutputStats,
  type SnifferStats,
  type StreamMessage,
} from 'tcp-sniffer';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_Claim extends true>(): void {}

// A request or a response, told apart by its direction.
export function told(message: HttpMessage): unknown {
  is<Same<HttpMessage['direction'], 'request' | 'response'>>();
  if (message.direction === 'request') {
    is<Same<typeof message, HttpRequest>>();
    is<Same<typeof message.path, string | undefined>>();
    // @ts-expect-error a request has no status
    return message.statusCode.toFixed();
  }
  is<Same<typeof message, HttpResponse>>();
  is<Same<typeof message.statusCode, number | undefined>>();
  is<Same<typeof message.request, { method: string; path: string } | undefined>>();
  // @ts-expect-error a response has no path
  return message.path.length;
}

// Without a look at the direction every field can be read.
export function untold({ method = '-', statusCode = 0, latencyMs, body, headers }: HttpMessage): unknown[] {
  return [method.length, statusCode.toFixed(), latencyMs?.toFixed(), body?.length, headers.host];
}

declare const common: Omit<HttpRequest, 'direction' | 'method' | 'path' | 'statusCode' | 'request'>;
export const request: HttpMessage = { ...common, direction: 'request', method: 'GET', path: '/' };
// @ts-expect-error a request has no status
export const neither: HttpMessage = { ...common, direction: 'request', statusCode: 200 };

// A message inside a stream: which kind of stream it is says which fields it may have.
export function streamed(message: HttpMessage | StreamMessage): unknown {
  is<Same<StreamMessage['stream'], 'websocket' | 'sse' | 'grpc'>>();
  if (!('stream' in message)) {
    is<Same<typeof message, HttpMessage>>();
    return message.headers;
  }
  is<Same<typeof message, StreamMessage>>();
  is<Same<typeof message.opcode, 'text' | 'binary' | 'ping' | 'pong' | 'close' | undefined>>();
  // @ts-expect-error it has no fields of HTTP
  return message.headers;
}

// The ledger: counters and reasons by name, and others by any name.
export function counted(stats: SnifferStats): unknown[] {
  is<Same<SnifferStats['outputs']['iterator'], OutputStats | undefined>>();
  is<'gapBytes' extends EngineCounter ? true : false>();
  is<string extends EngineCounter ? false : true>();
  // @ts-expect-error no counter has that name
  const counter: EngineCounter = 'gapsBytes';
  // @ts-expect-error no output drops messages for that reason
  const why: DropReason = 'overflown';
  return [
    counter,
    why,
    stats.engine.queueDropped?.toFixed(),
    stats.engine.another,
    stats.outputs.callback.droppedBy.overflow,
  ];
}

// A run: read by `for await`, ended by a signal or with its scope.
export async function run(): Promise<void> {
  await using sniffer = createSniffer({ ports: [80], logger: console });
  sniffer.on('message', (message) => is<Same<typeof message, HttpMessage>>());
  sniffer.on('streamMessage', (message) => is<Same<typeof message, StreamMessage>>());
  sniffer.on('error', (error) => is<Same<typeof error, EngineError>>());
  // @ts-expect-error there is no event of that name
  sniffer.on('messages', () => {});
  is<Same<ReturnType<typeof sniffer.messages>, AsyncIterableIterator<HttpMessage, undefined>>>();
  is<Same<ReturnType<typeof sniffer.stats>, SnifferStats>>();
  await sniffer.start({ signal: AbortSignal.timeout(1_000) });
  for await (const message of sniffer.messages()) is<Same<typeof message, HttpMessage>>();
  is<Same<ReturnType<(typeof sniffer)[typeof Symbol.asyncDispose]>, Promise<void>>>();
  // @ts-expect-error a signal is given by name
  await sniffer.start(AbortSignal.timeout(1_000));
  // @ts-expect-error of a log all four levels are wanted
  createSniffer({ ports: [80], logger: { info: console.info } });
}
