// node:http, node:https, node:http2. `node.mjs PORT [http|https|h2c|h2]`
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { answer } from './answer.mjs';

const [, , port, over = 'http'] = process.argv;
const options = { keepAliveTimeout: 30_000 };
/** The runner makes them, in the folder of the session. */
const pair = () => ({ key: readFileSync('server.key'), cert: readFileSync('server.crt') });

const SERVERS = {
  http: () => createServer(options, answer),
  https: () => https.createServer({ ...options, ...pair() }, answer),
  h2c: () => http2.createServer(answer),
  h2: () => http2.createSecureServer(pair(), answer),
};

SERVERS[over]().listen(Number(port), '127.0.0.1');
