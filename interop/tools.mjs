// What servers and clients run with, beyond what the machine has: a Python with its packages, in the cache outside of the clone.
import { join } from 'node:path';
import { pythonWith } from '../scripts/tools.mjs';

const SMALL = ['gunicorn==27.0.1', 'uvicorn==0.54.0', 'h11==0.16.0', 'httptools==0.9.0', 'requests==2.34.2'];

/** Each of them gives a path, after getting what is not there. */
export const TOOLS = {
  python: () => join(pythonWith('interop-1', ...SMALL), 'bin', 'python3'),
};
