// Receivers that docs/receivers.md reaches through Fluent Bit or Vector: the block of a receiver takes the place of the output in the
// block of Fluent Bit or Vector, as the document says. Loki itself is not here: VictoriaLogs takes its push requests.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { jsonLines, MESSAGE, post, until } from './asking.mjs';
import { blocksUnder, runBlock } from './blocks.mjs';
import { fluentBit, OPENSEARCH, openSearch, VICTORIA_LOGS, vector, victoriaLogs } from './programs.mjs';

const PORTS = { loki: 3100, openSearch: 9200 };
const SEARCHED_AT_MOST = 10_000;
const JVM_START_LIMIT_MS = 120_000;
/** Over the default of `outputTimeoutMs`. */
const AWAY_MS = 12_000;
/** After an outage the shipper's own retries are this far apart at most: copies that a retry made are there by then. */
const COPIES_MS = 10_000;

/**
 * The member `part` of a block's config shows whose it is. `with` returns the own config with the outputs of another. `waits` is
 * true if it answers a POST only after the receiver has its messages.
 */
export const SHIPPERS = [
  {
    name: 'Fluent Bit',
    program: fluentBit,
    part: 'pipeline',
    port: 9880,
    with: ({ pipeline }, other) => ({ pipeline: { ...pipeline, outputs: other.pipeline.outputs } }),
    toVictoriaLogs: ({ pipeline }) => Object.assign(pipeline.outputs[0], { uri: '/insert/loki/api/v1/push' }),
  },
  {
    name: 'Vector',
    program: vector,
    part: 'sinks',
    port: 8688,
    waits: true,
    with: (own, other, folder) => ({ data_dir: folder, ...own, ...other }),
    toVictoriaLogs: ({ sinks }) => Object.assign(sinks.loki, { endpoint: `${sinks.loki.endpoint}/insert` }),
  },
];

const parsed = (heading, { part }) => {
  const config = blocksUnder(heading).yaml.map(({ text }) => parse(text));
  return config.find((each) => each[part] !== undefined);
};

/** The shipper with its own config, altered by `alter`; the document's command sends it all messages. */
export async function ship(shipper, program, { folder, serve }, alter) {
  const path = join(folder, 'shipper.yaml');
  writeFileSync(path, stringify(alter(parsed(shipper.name, shipper))));
  const child = await serve([program, '--quiet', '--config', path], shipper.port);
  await runBlock(blocksUnder(shipper.name).sh[0], folder);
  return child;
}

/** Vector reads and writes a time as such. */
const withTime = (row, time = row.timestamp) => ({ ...row, timestamp: new Date(time).toISOString() });

/**
 * `open` starts one and returns how it is asked for `count` rows; `alter` of the shipper's config. `isSetUp` is true if the document
 * sets something up in it before messages come.
 */
const RECEIVERS = [
  {
    heading: 'Loki',
    name: `Loki's push requests, in VictoriaLogs ${VICTORIA_LOGS}`,
    program: victoriaLogs,
    alter: (config, shipper) => shipper.toVictoriaLogs(config),
    async open({ folder, serve }, program) {
      const base = `127.0.0.1:${PORTS.loki}`;
      // As in Loki, a line stays the text that it is.
      const flags = ['-loki.disableMessageParsing', '-insert.maxLineSizeBytes=2MB'];
      await serve(
        [program, `-storageDataPath=${join(folder, 'data')}`, `-httpListenAddr=${base}`, ...flags],
        PORTS.loki,
      );
      const all = new URLSearchParams({ query: '{source="tcp-sniffer"}', limit: String(SEARCHED_AT_MOST) });
      const rowsIn = async () => jsonLines(await post(`http://${base}/select/logsql/query`, all));
      return async (count) =>
        (await until(count, rowsIn)).map(({ _msg, _time, direction }) => {
          const row = { direction, ...JSON.parse(_msg) };
          return withTime(row, row.timestamp ?? _time);
        });
    },
  },
  {
    heading: 'Elasticsearch, OpenSearch',
    name: `OpenSearch ${OPENSEARCH}`,
    program: openSearch,
    lacking: 'it needs java and mvn',
    isSetUp: true,
    async open({ folder, serve }, jars) {
      const node = fileURLToPath(new URL('opensearch/OpenSearch.java', import.meta.url));
      const command = [
        'java',
        '-Xmx512m',
        '-cp',
        join(jars, '*'),
        node,
        join(folder, 'node'),
        String(PORTS.openSearch),
      ];
      await serve(command, PORTS.openSearch, JVM_START_LIMIT_MS);
      for (const block of blocksUnder('Elasticsearch, OpenSearch').sh) await runBlock(block, folder);
      const base = `http://127.0.0.1:${PORTS.openSearch}/http-*`;
      const hitsIn = async () => {
        await post(`${base}/_refresh`);
        return JSON.parse(await post(`${base}/_search?size=${SEARCHED_AT_MOST}`)).hits.hits;
      };
      return async (count) => (await until(count, hitsIn)).map(({ _source }) => withTime(_source));
    },
  },
];

/** A row: a receiver that a shipper reaches. The receiver starts `awayMs` after the shipper, or before it without `awayMs`. */
const shipped = ({ heading, name, program, lacking, alter = () => {}, open }, shipper, awayMs) => ({
  name: `${name}, by ${shipper.name}${awayMs === undefined ? '' : `, away for ${awayMs / 1000} s`}`,
  program() {
    const own = shipper.program();
    const receiver = own && program();
    return receiver && { own, receiver };
  },
  lacking: [`no package registry has ${shipper.name}`, lacking].filter(Boolean).join('; '),
  members: MESSAGE,
  async run({ program: programs, messages, ...place }) {
    const send = () =>
      ship(shipper, programs.own, place, (own) => {
        const other = parsed(heading, shipper);
        alter(other, shipper);
        return shipper.with(own, other, place.folder);
      });
    const opened = () => open(place, programs.receiver);
    let rowsIn;
    if (awayMs === undefined) {
      rowsIn = await opened();
      await send();
    } else {
      [rowsIn] = await Promise.all([sleep(awayMs).then(opened), send()]);
      await sleep(COPIES_MS);
    }
    return { rows: await rowsIn(messages.length), expected: messages };
  },
});

/**
 * Each of them with each shipper that the document has a block for. A receiver that is set up must be there before messages, so it
 * has no outage.
 */
export const SHIPPED = RECEIVERS.flatMap((receiver) =>
  SHIPPERS.filter((shipper) => parsed(receiver.heading, shipper) !== undefined).flatMap((shipper) => [
    shipped(receiver, shipper),
    ...(shipper.waits && !receiver.isSetUp ? [shipped(receiver, shipper, AWAY_MS)] : []),
  ]),
);
