// `node interop/otlp-outage.mjs`: a real OpenTelemetry Collector that is away, slow, or away at the end, under 1 000 messages a second. The
// ledger of the sniffer is compared with the spans that the collector wrote. The collector is yours:
//   OTLP_URL=http://127.0.0.1:4318 OTLP_FILE=traces.jsonl OTLP_STOP='…' OTLP_START='…' OTLP_PID_FILE=… node interop/otlp-outage.mjs [NAME…]
// Its `file` exporter writes OTLP_FILE as JSON, with `append: true`, since a start would empty it otherwise. OTLP_STOP and OTLP_START are
// shell commands; the process in OTLP_PID_FILE is paused again and again to be slow. OUTAGE_SECONDS is 60. It captures on loopback, which
// needs CAP_NET_RAW.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { outages } from './outages.mjs';

const { OTLP_URL: url, OTLP_FILE: file, OTLP_STOP: stop, OTLP_START: start, OTLP_PID_FILE: pidFile } = process.env;
/** The collector's file exporter writes what it holds each second. */
const FLUSHED_MS = 3_000;

const attributesOf = (attributes = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));

/** The attributes of each span of this service, in the order of the file. */
async function spansOf(service) {
  const spans = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes(service)) continue;
    for (const { resource, scopeSpans } of JSON.parse(line).resourceSpans) {
      if (attributesOf(resource.attributes)['service.name'] !== service) continue;
      for (const { spans: found } of scopeSpans) spans.push(...found.map(({ attributes }) => attributesOf(attributes)));
    }
  }
  return spans;
}

/** A span is the exchange that stdout shows with that id, whole. */
function judge({ shown, must }, spans) {
  const byId = new Map();
  for (const message of shown) {
    const exchange = byId.get(message.id) ?? {};
    exchange[message.direction] = message;
    byId.set(message.id, exchange);
  }
  const there = new Map();
  for (const span of spans) {
    const id = span['tcp_sniffer.id'];
    const { request, response } = byId.get(id) ?? {};
    const query = span['url.query'] === undefined ? '' : `?${span['url.query']}`;
    const told = [span['http.request.method'], span['url.path'] + query, span['http.response.status_code']];
    must(
      told.join() === [request?.method, request?.path, response?.statusCode].join(),
      `the collector holds what stdout does not: ${id} ${told}`,
    );
    there.set(id, [request, response].filter((each) => each !== undefined).length);
  }
  const messages = [...there.values()].reduce((sum, each) => sum + each, 0);
  return { messages, twice: 2 * (spans.length - there.size) };
}

if (!url || !file || !stop || !start || !pidFile) {
  console.error(
    'set OTLP_URL, OTLP_FILE, OTLP_STOP, OTLP_START and OTLP_PID_FILE: see the head of interop/otlp-outage.mjs',
  );
  process.exit(2);
}
await outages({
  output: 'otlp',
  receiver: { stop, start, pidFile },
  prepare: async (service) => ({
    args: ['--output-otlp', url],
    env: { OTEL_SERVICE_NAME: service },
    async judge(run) {
      await sleep(FLUSHED_MS);
      return judge(run, await spansOf(service));
    },
  }),
});
