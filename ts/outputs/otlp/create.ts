/** Spans to a receiver of OTLP over HTTP. */

import { tracesUrl } from '../../config/otlp';
import { KNOWN_METHODS } from '../../exchange/methods';
import { VERSION } from '../../version';
import { Delivery } from '../delivery/delivery';
import type { Answer } from '../delivery/http-client';
import type { Parcel } from '../delivery/parcel';
import { PostTransport } from '../delivery/post-transport';
import type { Outcome } from '../delivery/transport';
import { limitsOf, type OutputContext } from '../kind';
import type { Output } from '../output';
import { json } from './json';
import { protobuf } from './protobuf';
import { headersOf, resourceOf } from './resource';
import { SpansPacker } from './spans';

/** Where `outputBatch` says nothing: a request of some hundred KiB, each second at the latest. */
const DEFAULT_BATCH = { maxMessages: 2_000, maxBytes: 1_048_576, maxDelayMs: 1_000, gzip: false };

/** OTLP/HTTP, "Retryable Response Codes"; all others are not to be sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export function create(context: OutputContext): Output {
  const { config, runtime, deps, capture, lossless } = context;
  const { outputOtlp = '', outputConcurrency: connections, outputTimeoutMs: connectTimeoutMs } = config;
  const encoding = config.otlpEncoding === 'json' ? json : protobuf;
  const batch = config.outputBatch ?? DEFAULT_BATCH;
  const known = runtime.otel?.knownMethods?.split(',').map((method) => method.trim());
  return new Delivery({
    name: 'otlp',
    words: { sends: 'OTLP requests', send: 'request of OTLP', sent: 'sent by OTLP' },
    packer: new SpansPacker({
      encoding,
      envelope: encoding.envelope(resourceOf(runtime), { name: 'tcp-sniffer', version: VERSION }),
      bodies: config.otlpBodies,
      knownMethods: known === undefined ? KNOWN_METHODS : new Set(known),
      maxMessages: batch.maxMessages,
      maxBytes: batch.maxBytes,
      // A savefile is read in its own time.
      patienceMs: lossless ? Number.POSITIVE_INFINITY : config.connectionIdleTimeoutMs,
      endings: context.endings,
      losses: () => lossesIn(capture.stats()),
      now: deps.now,
    }),
    transport: new PostTransport({
      client: deps.createHttpClient({
        url: tracesUrl(outputOtlp),
        connections,
        connectTimeoutMs,
        readsAnswers: true,
      }),
      version: VERSION,
      headers: { ...headersOf(runtime), 'content-type': encoding.contentType },
      gzip: batch.gzip,
      seal: (body) => capture.seal(body),
      outcomeOf: (answer, parcel) => outcomeOf(answer, parcel, encoding.rejectedSpans),
    }),
    batch,
    ...limitsOf(context),
  });
}

/** Packets and messages of which nothing more is known. */
function lossesIn(stats: Readonly<Record<string, number>>): number {
  return (stats.dropped ?? 0) + (stats.interfaceDropped ?? 0) + (stats.queueDropped ?? 0);
}

export function outcomeOf(
  { status, retryAfterMs, body }: Answer,
  { messages, records: spans }: Pick<Parcel, 'messages' | 'records'>,
  rejectedSpans: (answer: Buffer) => number,
): Outcome {
  if (status >= 200 && status <= 299) {
    const rejected = body === undefined ? 0 : Math.min(spans, rejectedSpans(body));
    // Which spans those are is not said; each is of as many messages as the others, on the average.
    return { sent: true, rejected: spans === 0 ? 0 : Math.round((messages * rejected) / spans) };
  }
  return { sent: false, reason: `status ${status}`, again: RETRYABLE.has(status), afterMs: retryAfterMs };
}
