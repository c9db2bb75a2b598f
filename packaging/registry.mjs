// A registry on loopback that serves some tarballs, and nothing of anybody else's, to one `npm install`.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename } from 'node:path';
import { read } from './platforms.mjs';

function entryOf(path) {
  const bytes = readFileSync(path);
  const manifest = JSON.parse(read('tar', ['-xzOf', path, 'package/package.json']));
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  return { file: basename(path), bytes, manifest, integrity };
}

/** @returns its address, and how to end it */
export async function startRegistry(tarballs) {
  const entries = tarballs.map(entryOf);
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const file = entries.find((entry) => name === `-/${entry.file}`);
    if (file) return response.end(file.bytes);
    const found = entries.filter(({ manifest }) => manifest.name === name);
    if (found.length === 0) return response.writeHead(404).end('{}');
    const base = `http://${request.headers.host}/-/`;
    const versions = found.map(({ manifest, integrity, file }) => [
      manifest.version,
      { ...manifest, dist: { tarball: `${base}${file}`, integrity } },
    ]);
    const latest = found.at(-1).manifest.version;
    response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}
