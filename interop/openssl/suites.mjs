// Every suite of TLS 1.2 that this machine's OpenSSL can do, and those of TLS 1.3: an exchange with each, with and without
// encrypt-then-MAC and the extended master secret. All of it is in one savefile, of which `--read` shows what it can.
import { execFileSync } from 'node:child_process';
import { ANY, ask, BODY, serve, serveSrp, TLS13 } from './peers.mjs';

/** Their ciphers are not read. The name has to be in the log, and the connection in the counter. */
const UNREAD = /_WITH_(ARIA|CAMELLIA|SEED|IDEA|3DES|DES|RC4|NULL)_/;

export function suites() {
  const told = execFileSync('openssl', ['ciphers', '-V', '-stdname', ANY], { encoding: 'utf8' });
  const rows = told
    .trim()
    .split('\n')
    .map((line) => /(TLS_\w+)\s+-\s+(\S+)/.exec(line));
  const tls12 = rows.map(([, name, openssl]) => ({ name, openssl })).filter(({ name }) => name.includes('_WITH_'));
  return [...tls12, ...TLS13.map((name) => ({ name, openssl: name }))];
}

const isSrp = ({ name }) => name.includes('_SRP_');

/** With what both ends agree on by themselves, and without. */
const waysFor = (made, { name }) => [
  { way: 'as it is' },
  ...(name.includes('_WITH_') ? [{ way: 'bare', env: { OPENSSL_CONF: made.bare } }] : []),
];

/** A server takes two certificates. */
export async function start(made) {
  const servers = await Promise.all([
    serve(made, [made.rsa, made.ecdsa], ['-WWW']),
    serve(made, [made.rsa, made.dsa], ['-WWW']),
    // Builds of OpenSSL without SRP have no suite with it.
    ...(suites().some(isSrp) ? [serveSrp(made, [made.rsa, made.dsa])] : []),
  ]);
  const ports = servers.map(({ port }) => port);
  const [plain, dss, srp] = ports;
  return {
    ports,
    portOf: (suite) => (isSrp(suite) ? srp : suite.name.includes('_DSS_') ? dss : plain),
    stop: () => Promise.all(servers.map(({ child }) => child.stop())),
  };
}

/** Returns all exchanges that were asked for. */
export async function talk(made, portOf) {
  const asked = [];
  for (const suite of suites())
    for (const { way, env } of waysFor(made, suite)) {
      const failure = await ask(made, portOf(suite), suite, { suite: suite.name, way }, env);
      asked.push({ name: suite.name, way, failure });
    }
  return asked;
}

/** `read`: the messages, log lines and counters of `--read`. */
export function* complaints(asked, { messages, lines, counters }) {
  const requests = new Map(
    messages
      .filter(({ direction }) => direction === 'request')
      .map((request) => [`${request.headers.suite}, ${request.headers.way}`, request]),
  );
  const responses = new Map(
    messages.filter(({ direction }) => direction === 'response').map((message) => [message.id, message]),
  );
  const unread = asked.filter(({ name }) => UNREAD.test(name));
  for (const { name, way, failure } of asked) {
    const of = `${name}, ${way}`;
    if (failure) yield `${of}: ${failure}`;
    const request = requests.get(of);
    if (UNREAD.test(name)) {
      if (request) yield `${of}: read, and not expected to be`;
      continue;
    }
    const response = responses.get(request?.id);
    if (!response) yield `${of}: no ${request ? 'response' : 'request'}`;
    else if (response.body !== BODY || response.incomplete) yield `${of}: not the body that was sent`;
    else if (request.tls?.cipher !== name) yield `${of}: said to be ${request.tls?.cipher}`;
  }
  const read = asked.length - unread.length;
  if (messages.length !== 2 * read) yield `${messages.length} messages of ${read} exchanges`;
  const { tlsUnreadUnsupported, tlsConnections } = counters;
  if (tlsUnreadUnsupported !== unread.length || tlsConnections !== asked.length)
    yield `${tlsUnreadUnsupported} of ${tlsConnections} connections unsupported, not ${unread.length} of ${asked.length}`;
  // The log's rate is limited, so that some are not named.
  const expected = new Set(unread.map(({ name }) => name));
  const named = lines.filter(({ event }) => event === 'tls-unread').map(({ message }) => /TLS_\w+/.exec(message)?.[0]);
  const wrong = named.filter((name) => !expected.has(name));
  if (named.length === 0 || wrong.length > 0) yield `the log has ${named.length} names, and of them wrong: ${wrong}`;
}
