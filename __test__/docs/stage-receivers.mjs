// In the stage: servers on the ports of receivers that docs/receivers.md names. Each takes the requests that the receiver documents, and
// refuses all others. Refuses to know what becomes of messages.
import { gunzipSync } from 'node:zlib';

const isMessage = (value) => typeof value.id === 'string' && !Number.isNaN(Date.parse(value.timestamp));
const areLines = (text) => text.endsWith('\n') && text.trimEnd().split('\n').map(JSON.parse).every(isMessage);

/** Throws or returns false if it is not what the receiver takes. */
const TAKES = {
  // OTLP/HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
  4318: ({ url, type, bytes }) =>
    url.pathname === '/v1/traces' && type === 'application/x-protobuf' && bytes[0] === 0x0a,
  // Vector's source http_server with newline_delimited and json: any type
  8688: ({ url, text }) => url.pathname === '/' && areLines(text),
  // Fluent Bit's input http: JSON only, an object or an array of them; the path is the tag
  9880: ({ url, type, text }) =>
    /^\/[\w.]+$/.test(url.pathname) && type === 'application/json' && JSON.parse(text).every(isMessage),
  // ClickHouse: https://clickhouse.com/docs/interfaces/http; other settings in the URL are an error
  8123({ url, text }) {
    const { query, ...settings } = Object.fromEntries(url.searchParams);
    if (query === undefined) return /^\s*CREATE TABLE \w+ \(/.test(text);
    const known = ['input_format_skip_unknown_fields', 'date_time_input_format'];
    return (
      /^INSERT INTO \w+ FORMAT JSONEachRow$/.test(query) &&
      Object.keys(settings).every((name) => known.includes(name)) &&
      areLines(text)
    );
  },
  // Elasticsearch, OpenSearch: an index template is a POST or a PUT of JSON
  9200({ url, type, text }) {
    const { index_patterns: patterns, template } = JSON.parse(text);
    const { mappings } = template;
    return (
      /^\/_index_template\/\w+$/.test(url.pathname) && type === 'application/json' && patterns.length === 1 && mappings
    );
  },
  // VictoriaLogs: https://docs.victoriametrics.com/victorialogs/data-ingestion/#json-stream-api
  9428({ url, type, text }) {
    const names = ['_msg_field', '_stream_fields', '_time_field'];
    const isOurs = url.pathname === '/insert/jsonline' && type === 'application/stream+json';
    return isOurs && [...url.searchParams.keys()].sort().join() === names.join() && areLines(text);
  },
};

/** A handler for each port; `taken` is called for each request that the receiver takes. */
export function receivers(taken) {
  return Object.entries(TAKES).map(([port, takes]) => {
    const handler = (request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const isTaken = takesBody(takes, request, Buffer.concat(chunks));
        if (isTaken) taken();
        response.writeHead(isTaken ? 200 : 400).end();
      });
    };
    return [handler, Number(port)];
  });
}

function takesBody(takes, { method, headers, url }, raw) {
  try {
    const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const [type] = (headers['content-type'] ?? '').split(';');
    return method === 'POST' && takes({ url: new URL(url, 'http://localhost'), type, bytes, text: bytes.toString() });
  } catch {
    return false;
  }
}
