// The servers. `lacks` are the words of the cases (cases.mjs) that a server, or its interface to programs, cannot do.
import { PROXIES } from './proxies.mjs';
import { direct, here, proxy, script } from './serving.mjs';

const apps = here('');
const filled = (words, port) => words.map((word) => word.replace('%port', port));
const module =
  (...words) =>
  (port, { python }) => [python(), '-m', ...filled(words, port)];
const more =
  (...words) =>
  (port, { morePython }) => ['env', `PYTHONPATH=${apps}`, morePython(), ...filled(words, port)];
const httpServer =
  (version) =>
  (port, { python }) => [python(), here('http_server.py'), String(port), version];
const uvicorn = (http) =>
  module('uvicorn', '--app-dir', apps, 'asgi_app:app', '--port', '%port', '--http', http, '--log-level', 'critical');
const gunicorn = (...worker) =>
  module('gunicorn', '--chdir', apps, ...worker, '-b', '127.0.0.1:%port', '--log-level', 'critical', 'wsgi_app:app');
const wsgi = (name) => more(here('wsgi_servers.py'), name, '%port');
const program =
  (...words) =>
  (port) =>
    filled(words, port);

/** HTTP/1.0 knows neither chunks nor, as it is spoken here, a second request. */
const ONLY_1_0 = ['chunked', 'chunked upload', 'pipelining', 'HTTP/1.0', '100'];
/** Clients that send a request over a connection that HTTP/1.0 is about to close, and some a second time then. */
const REUSES_1_0 = ['Java'];
/**
 * Clients that offer HTTP/2 in every request: uvicorn 0.54 with httptools then takes the body for another protocol, Deno 2.9 answers
 * each with 400.
 */
const OFFERS_HTTP_2 = ['Java'];
/** Applications of these interfaces say nothing of connections, and cannot reset one. */
const INTERFACE = ['close', 'reset'];

/**
 * Their support of `Expect` is not enough for a client that waits: some know it in lower case only, which Java does not write,
 * some not at all, and werkzeug sends 100 twice, the second of which Java takes for the answer.
 */
const EXPECT = ['100'];

/** Clients that begin with HTTP/1.1 and offer HTTP/2 (RFC 7540 §3.2): node:http2 takes frames alone. */
const UPGRADES = ['curl, Upgrade', 'Java'];

/** Node's own; `over` is what it speaks. */
const nodeOver = (over, name = `node ${over}`, node = undefined) =>
  direct(name, script('node.mjs', node, over), { over, without: over === 'h2c' ? UPGRADES : [] });

const proxyNamed = (name, lacks) => proxy(name, { ...PROXIES[name], lacks });
/** By prior knowledge only. */
const proxyOverH2c = (name) => proxy(name, { ...PROXIES[name], over: 'h2c', without: UPGRADES });

export const SMALL = [
  direct('node http', script('node.mjs')),
  nodeOver('https'),
  nodeOver('h2c'),
  nodeOver('h2'),
  direct('http.server 1.0', httpServer('HTTP/1.0'), { lacks: ONLY_1_0, without: REUSES_1_0 }),
  direct('http.server 1.1', httpServer('HTTP/1.1')),
  direct('gunicorn', gunicorn('-k', 'gthread', '--threads', '8'), { lacks: INTERFACE }),
  direct('uvicorn h11', uvicorn('h11'), { lacks: INTERFACE }),
  direct('uvicorn httptools', uvicorn('httptools'), { lacks: INTERFACE, without: OFFERS_HTTP_2 }),
  proxyNamed('nginx'),
  proxyNamed('HAProxy, PROXY v1'),
  proxyNamed('HAProxy, PROXY v2'),
];

const nodeVersion = (version) =>
  ['http', 'https', 'h2c', 'h2'].map((over) =>
    nodeOver(over, `node ${version} ${over}`, (tools) => tools.node(version)),
  );

const goOver = (over) =>
  direct(`Go ${over}`, (port, { go }) => [go('servers/server.go'), String(port), over], {
    programs: ['go'],
    lacks: ['close'],
    over,
  });

/** `version` is the only one of TLS that it speaks, if it is named. */
const hyperOver = (over, version) =>
  direct(
    `hyper ${[over, version].filter(Boolean).join(' ')}`,
    (port, { rust }) => [rust('hyper'), 'serve', String(port), over, ...(version ? [version] : [])],
    { programs: ['cargo'], lacks: ['close'], over, without: over === 'h2c' ? UPGRADES : [] },
  );

const hypercorn = (over, ...words) =>
  direct(
    `hypercorn ${over}`,
    more('-m', 'hypercorn', '--bind', '127.0.0.1:%port', '--log-level', 'critical', ...words, 'asgi_app:app'),
    { lacks: INTERFACE, over, upgrades: over === 'h2c' ? ['curl, Upgrade'] : [] },
  );
const PAIR = ['--certfile', 'server.crt', '--keyfile', 'server.key'];

export const LARGE = [
  ...['22.23.3', '24.21.0', '26.10.0'].flatMap(nodeVersion),
  direct('gunicorn sync', gunicorn('-w', '4'), { lacks: [...INTERFACE, 'pipelining'] }),
  ...['cheroot', 'gevent'].map((name) => direct(name, wsgi(name), { lacks: [...INTERFACE, ...EXPECT] })),
  // It closes a connection whenever an application states no length.
  direct('waitress', wsgi('waitress'), { lacks: [...INTERFACE, 'pipelined bodies'] }),
  direct('werkzeug', wsgi('werkzeug'), { lacks: [...INTERFACE, ...EXPECT, 'chunk extensions', 'pipelining'] }),
  direct('wsgiref', wsgi('wsgiref'), { lacks: [...INTERFACE, ...ONLY_1_0], without: REUSES_1_0 }),
  hypercorn('http'),
  hypercorn('h2c'),
  hypercorn('h2', ...PAIR),
  direct('daphne', more('-m', 'daphne', '-v', '0', '-b', '127.0.0.1', '-p', '%port', 'asgi_app:app'), {
    lacks: INTERFACE,
  }),
  direct(
    'granian',
    more('-m', 'granian', '--interface', 'asgi', '--port', '%port', '--no-log', '--working-dir', apps, 'asgi_app:app'),
    {
      lacks: INTERFACE,
    },
  ),
  direct('tornado', more(here('tornado_server.py'), '%port'), {
    lacks: [...INTERFACE, ...EXPECT, 'chunk extensions'],
  }),
  direct('aiohttp', more(here('aiohttp_server.py'), '%port'), { lacks: INTERFACE }),
  direct('twisted', more(here('twisted_server.py'), '%port'), { lacks: INTERFACE }),
  ...['http', 'h2c', 'https', 'h2'].map(goOver),
  direct('Java', program('java', here('Server.java'), '%port'), { programs: ['java'], lacks: INTERFACE }),
  ...['http', 'h2c', 'https', 'h2'].map((over) => hyperOver(over)),
  ...['https', 'h2'].map((over) => hyperOver(over, '1.2')),
  direct('axum', (port, { rust }) => [rust('servers/axum'), String(port)], { programs: ['cargo'], lacks: INTERFACE }),
  // Its 5.6.5 takes all that came with a body for the body.
  direct('Puma', program('puma', '-q', '-b', 'tcp://127.0.0.1:%port', here('config.ru')), {
    programs: ['puma'],
    lacks: [...INTERFACE, ...EXPECT, 'pipelined bodies'],
  }),
  // It wants a length of every POST, and LWP sends none for an empty body.
  direct('WEBrick', program('ruby', here('webrick.rb'), '%port'), {
    programs: ['ruby'],
    lacks: [...INTERFACE, ...EXPECT],
    without: ['LWP'],
  }),
  // It drops a connection where a segment ends inside the request line, and keeps none open.
  direct('php -S', program('php', '-S', '127.0.0.1:%port', here('router.php')), {
    programs: ['php'],
    lacks: ['reset', ...EXPECT, 'pipelining', 'cut lines'],
  }),
  direct('Starman', program('starman', '--listen', '127.0.0.1:%port', '--workers', '8', here('app.psgi')), {
    programs: ['starman'],
    lacks: [...INTERFACE, 'pipelined bodies'],
  }),
  direct('Bun', (port, { bin }) => [bin('bun'), here('web.mjs'), String(port)], { lacks: [...INTERFACE, ...EXPECT] }),
  direct('Deno', (port, { bin }) => [bin('deno'), 'run', '--quiet', '--allow-all', here('web.mjs'), String(port)], {
    lacks: INTERFACE,
    without: OFFERS_HTTP_2,
  }),
  ...['nginx as it comes', 'HAProxy', 'lighttpd', 'Apache', 'Caddy', 'Squid'].map((name) => proxyNamed(name)),
  proxyNamed('Varnish', ['chunk extensions']),
  ...['nginx h2c', 'nginx h2c, grpc_pass', 'HAProxy h2c'].map(proxyOverH2c),
];
