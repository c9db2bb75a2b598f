// The release takes base images by digest, and knows how to ask a registry for them; here for a registry that is a server of
// ours.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
// @ts-expect-error scripts have no types
import { addressOf, baseImagesComplaint, digestFromRegistry, withBaseImages } from '../scripts/base-images.mjs';

const DOCKERFILE = readFileSync(join(__dirname, '..', 'docker', 'Dockerfile'), 'utf8');
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

describe('the Dockerfile', () => {
  it('is refused until each base image has a digest, and gets them', async () => {
    const loose = DOCKERFILE.replace(/@sha256:[0-9a-f]+/g, '');
    expect(baseImagesComplaint(loose)).toMatch(/node:\S+, rust:\S+, debian:\S+ without digest/);
    const once = await withBaseImages(loose, async () => digest('a'));
    expect(baseImagesComplaint(once)).toBeUndefined();
    expect(once.replaceAll(`@${digest('a')}`, '')).toBe(loose);
    // Renewed, not added to.
    expect(await withBaseImages(once, async () => digest('b'))).toBe(once.replaceAll(digest('a'), digest('b')));
    expect(baseImagesComplaint(once.replace(`@${digest('a')}`, ''))).toMatch(/names node:\S+ without digest/);
    expect(baseImagesComplaint('FROM x\n')).toMatch(/no base image/);
  });
});

it.each([
  ['node:22-bookworm-slim', 'https://registry-1.docker.io/v2/library/node/manifests/22-bookworm-slim'],
  ['team/app:1', 'https://registry-1.docker.io/v2/team/app/manifests/1'],
  ['registry.example:5000/a/b:c', 'https://registry.example:5000/v2/a/b/manifests/c'],
])('the address of %s', (image, address) => {
  expect(addressOf(image)).toBe(address);
});
it.each(['node', 'node@sha256:1', ''])('%j has none', (image) => {
  expect(() => addressOf(image)).toThrow(/no name of an image/);
});

describe('a registry', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  async function registry(answer: (request: IncomingMessage) => [number, Record<string, string>, string?]) {
    const made = createServer((request, response) => {
      const [status, headers, body] = answer(request);
      response.writeHead(status, headers).end(body);
    });
    server = made;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(made.address() as AddressInfo).port}`;
  }

  it('is asked with the token that it wants', async () => {
    const asked: string[] = [];
    const host = await registry(({ method, url, headers }) => {
      asked.push(`${method} ${url}`);
      if (url?.startsWith('/token')) return [200, {}, '{"token":"t"}'];
      if (headers.authorization !== 'Bearer t')
        return [401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="s",scope="pull"` }];
      expect(headers.accept).toContain('image.index');
      return [200, { 'docker-content-digest': digest('c') }];
    });
    expect(await digestFromRegistry(`${host}/a:1`, 'http')).toBe(digest('c'));
    expect(asked).toEqual(['HEAD /v2/a/manifests/1', 'GET /token?service=s&scope=pull', 'HEAD /v2/a/manifests/1']);
  });

  it.each([
    ['knows no such image', [404, {}], /answered with 404/],
    ['tells no digest', [200, {}], /answered with 200/],
    ['wants a password', [401, { 'www-authenticate': 'Basic realm="x"' }], /another authentication/],
  ] as const)('that %s is said', async (_, answer, words) => {
    const host = await registry(() => [answer[0], answer[1]]);
    await expect(digestFromRegistry(`${host}/a:1`, 'http')).rejects.toThrow(words);
  });
});
