// node:http. `node.mjs PORT`
import { createServer } from 'node:http';
import { answer } from './answer.mjs';

createServer({ keepAliveTimeout: 30_000 }, answer).listen(Number(process.argv[2]), '127.0.0.1');
