// The servers: how each is started, which ports are watched, and what it or its interface to programs cannot do. `lacks` are the
// words that cases need (cases.mjs).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './processes.mjs';

const here = (name) => fileURLToPath(new URL(`servers/${name}`, import.meta.url));
const node = (name) => (port) => [process.execPath, here(name), String(port)];

/** One process, one port. `command(port, tools)` is its command line. */
const direct = (name, command, lacks = []) => ({
  name,
  lacks,
  async start(machine) {
    const port = await freePort();
    await machine.serve(command(port, machine), port);
    return { port, hops: [{ port }] };
  },
});

/**
 * A proxy before node:http: what goes between the two is watched as well. `configuration(front, back, folder)` is its text,
 * `command(file, folder)` its command line.
 */
const proxy = (name, configuration, command, { lacks = [], origin = 'node.mjs', proxied } = {}) => ({
  name,
  lacks: [...lacks, 'reset'],
  async start(machine) {
    const [front, back] = [await freePort(), await freePort()];
    await machine.serve(node(origin)(back), back);
    const file = join(machine.folder, 'proxy.conf');
    writeFileSync(file, configuration(front, back, machine.folder));
    await machine.serve(command(file, machine.folder), front);
    return { port: front, hops: [{ port: front }, { port: back, behind: front, proxied }] };
  },
});

const nginx = (front, back, folder) => `
daemon off; pid ${folder}/nginx.pid; error_log stderr error; worker_processes 2;
events { worker_connections 512; }
http {
  access_log off; client_max_body_size 32m; keepalive_timeout 30s;
  client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2; fastcgi_temp_path ${folder}/3;
  uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
  upstream origin { server 127.0.0.1:${back}; keepalive 8; }
  server {
    listen 127.0.0.1:${front};
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection '';
      proxy_request_buffering off; proxy_buffering off;
    }
  }
}
`;
const runNginx = (file, folder) => ['nginx', '-e', 'stderr', '-p', folder, '-c', file];

const haproxy = (toServer) => (front, back) =>
  `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${front}
  default_backend origin
backend origin
  server origin 127.0.0.1:${back} ${toServer}
`;
const runHaproxy = (file) => ['haproxy', '-q', '-db', '-f', file];
const BEHIND_PROXY = { origin: 'node-behind-proxy.mjs', proxied: true };

const module =
  (...args) =>
  (port, { python }) => [python(), '-m', ...args.map((arg) => arg.replace('%port', port))];
const httpServer =
  (version) =>
  (port, { python }) => [python(), here('http_server.py'), String(port), version];
const apps = here('');
const uvicorn = (http) =>
  module('uvicorn', '--app-dir', apps, 'asgi_app:app', '--port', '%port', '--http', http, '--log-level', 'critical');

/** A response begins after HTTP/1.0 has been closed, so it takes one request a connection. */
const NOT_IN_1_0 = ['chunked', 'chunked upload', 'pipelining', 'HTTP/1.0'];
/** Applications of these interfaces say nothing of connections, and cannot reset one. */
const INTERFACE = ['close', 'reset'];

export const SMALL = [
  direct('node http', node('node.mjs')),
  direct('http.server 1.0', httpServer('HTTP/1.0'), NOT_IN_1_0),
  direct('http.server 1.1', httpServer('HTTP/1.1')),
  direct(
    'gunicorn',
    module(
      'gunicorn',
      '--chdir',
      apps,
      '-k',
      'gthread',
      '--threads',
      '8',
      '-b',
      '127.0.0.1:%port',
      '--log-level',
      'critical',
      'wsgi_app:app',
    ),
    INTERFACE,
  ),
  direct('uvicorn h11', uvicorn('h11'), INTERFACE),
  direct('uvicorn httptools', uvicorn('httptools'), INTERFACE),
  proxy('nginx', nginx, runNginx),
  proxy('HAProxy, PROXY v1', haproxy('send-proxy'), runHaproxy, BEHIND_PROXY),
  proxy('HAProxy, PROXY v2', haproxy('send-proxy-v2'), runHaproxy, BEHIND_PROXY),
];
