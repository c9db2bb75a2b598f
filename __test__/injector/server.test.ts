// The webhook over real TLS: certificates that change under load, requests that are none, bounds, and the end.

import { X509Certificate } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCa, createLeaf } from '../../ts/injector/certificates/issue';
import { MAX_BODY_BYTES } from '../../ts/injector/exchange';
import { LARGE_PLACES, MAX_CONNECTIONS, MAX_PENDING_BYTES, type Pair } from '../../ts/injector/server';
import { type Client, clientOf } from './client';
import { INJECTED } from './pods';
import { type InjectorProcess, killAll, startInjector } from './process';
import { reviewOf } from './rig';
import { Volume } from './serving';

const ca = createCa(Date.now());
const REVIEW = JSON.stringify(reviewOf(INJECTED[0]?.pod));
const clients: Client[] = [];
const volumes: Volume[] = [];

afterEach(() => {
  killAll();
  for (const client of clients.splice(0)) client.close();
  for (const volume of volumes.splice(0)) volume.remove();
});

function volumeOf(pair?: Pair): Volume {
  const volume = new Volume(pair);
  volumes.push(volume);
  return volume;
}

function leaf(age = 0): Pair {
  return createLeaf(ca, ['127.0.0.1'], Date.now() - age);
}

function client(port: number, keepAlive = true): Client {
  const made = clientOf(port, ca.cert, keepAlive);
  clients.push(made);
  return made;
}

function rawReview(): string {
  const head = `POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${REVIEW.length}`;
  return `${head}\r\n\r\n${REVIEW}`;
}

function served(port: number, trusted = ca.cert): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: trusted }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).toString());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function ready(injector: InjectorProcess): Promise<InjectorProcess> {
  await injector.logged('webhook is served');
  return injector;
}

describe('certificates', () => {
  it('change under load, and no request is lost, on kept connections and on new ones', async () => {
    const volume = volumeOf(leaf());
    const { port } = await ready(await startInjector({ INJECTOR_TLS_DIR: volume.path }));
    const lost: unknown[] = [];
    let answered = 0;
    let stopped = false;
    const load = [true, true, false, false].map(async (keepAlive) => {
      const { post } = client(port, keepAlive);
      while (!stopped) {
        await post(REVIEW).then(
          ({ status, text }) => {
            answered++;
            if (status !== 200 || !JSON.parse(text).response.patch) lost.push(text);
          },
          (error) => lost.push(error),
        );
      }
    });
    for (let round = 0; round < 5; round++) {
      const next = leaf();
      volume.put(next);
      await until(async () => (await served(port)) === next.cert);
    }
    stopped = true;
    await Promise.all(load);
    expect(lost).toEqual([]);
    expect(answered).toBeGreaterThan(50);
  });

  it('that are no good leave the one before', async () => {
    const good = leaf();
    const volume = volumeOf(good);
    const injector = await ready(await startInjector({ INJECTOR_TLS_DIR: volume.path }));
    const bad: [Pair, RegExp][] = [
      [{ cert: leaf().cert, key: leaf().key }, /does not belong to the certificate/],
      [{ cert: 'nonsense', key: good.key }, /certificate cannot be read/],
      [{ cert: good.cert, key: 'nonsense' }, /key cannot be read/],
      [leaf(100 * 86_400_000), /has expired/],
    ];
    for (const [index, [pair, complaint]] of bad.entries()) {
      volume.put(pair);
      await until(async () => injector.log.filter(({ level }) => level === 'error').length > index);
      expect(injector.log.at(-1)).toMatchObject({ complaint: expect.stringMatching(complaint) });
      expect(await served(injector.port)).toBe(good.cert);
      expect((await injector.health('/readyz')).status).toBe(200);
    }
    expect(JSON.stringify(injector.log)).not.toContain('PRIVATE');
    const metrics = await (await injector.health('/metrics')).text();
    expect(metrics).toContain('tcp_sniffer_injector_certificates_total{result="refused"} 4');
    expect(metrics).toContain('tcp_sniffer_injector_certificates_total{result="loaded"} 1');
    const better = leaf();
    volume.put(better);
    await until(async () => (await served(injector.port)) === better.cert);
  });

  it('are waited for: not ready, alive, nothing served until there is one', async () => {
    const volume = volumeOf();
    const injector = await startInjector({ INJECTOR_TLS_DIR: volume.path });
    await injector.logged('no good certificate');
    expect((await injector.health('/readyz')).status).toBe(503);
    expect((await injector.health('/healthz')).status).toBe(200);
    await expect(served(injector.port)).rejects.toThrow('ECONNREFUSED');
    volume.put(leaf());
    await ready(injector);
    expect((await injector.health('/readyz')).status).toBe(200);
  });
});

describe('requests that are no review', () => {
  // Not one of `running`: it outlives the tests.
  let port: number;
  let injector: InjectorProcess;
  beforeAll(async () => {
    injector = await startInjector({ INJECTOR_TLS_DIR: volumeOf(leaf()).path }, [], undefined, []);
    port = (await ready(injector)).port;
  });
  afterAll(() => {
    injector.child.kill('SIGKILL');
  });

  it.each([
    [404, { path: '/' }, REVIEW],
    [404, { path: '/mutate/other' }, REVIEW],
    [404, { path: '/constructor' }, REVIEW],
    [405, { method: 'GET' }, ''],
    [415, { headers: { 'content-type': 'text/plain' } }, REVIEW],
    [400, {}, ''],
    [400, {}, 'nonsense'],
    [400, {}, '{}'],
    [400, {}, REVIEW.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1')],
    [400, {}, REVIEW.replace(/"uid":"[^"]*"/, '"uid":""')],
    [400, {}, Buffer.from([...Buffer.from(REVIEW.slice(0, -1)), 0xff])],
    [413, {}, Buffer.alloc(MAX_BODY_BYTES + 1, 0x20)],
    [413, { headers: { 'transfer-encoding': 'chunked' } }, Buffer.alloc(MAX_BODY_BYTES + 1, 0x20)],
    // Trailing space: the review is whole, and too long.
    [200, {}, `${REVIEW}${' '.repeat(MAX_BODY_BYTES)}`],
    [200, { headers: { 'transfer-encoding': 'chunked' } }, `${REVIEW}${' '.repeat(MAX_BODY_BYTES)}`],
    [413, {}, REVIEW.replace(/"uid":"[^"]*"/, '"uid":""') + ' '.repeat(MAX_BODY_BYTES)],
    [200, {}, REVIEW],
    [200, { path: '/mutate/pod?timeout=5s' }, REVIEW],
    [200, { headers: { 'content-type': 'application/json; charset=utf-8' } }, REVIEW],
  ])('%i to %j', async (status, options, body) => {
    expect(await client(port, false).post(body, options)).toMatchObject({ status });
    expect((await client(port, false).post(REVIEW)).status).toBe(200);
  });

  it('that are large, many at one time: each waits for its turn', async () => {
    const body = REVIEW + ' '.repeat(2 ** 20 - REVIEW.length);
    const answers = await Promise.all(Array.from({ length: 10 }, () => client(port, false).post(body)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('that are large and stop before their end: they make room for those that wait', async () => {
    const stalled = Array.from({ length: LARGE_PLACES + 1 }, () => stall(`content-length: ${MAX_BODY_BYTES}`));
    const body = REVIEW + ' '.repeat(MAX_BODY_BYTES - REVIEW.length);
    expect((await client(port, false).post(body)).status).toBe(200);
    expect(await Promise.race(stalled.map(({ answer }) => answer))).toMatch(/^HTTP\/1.1 503 /);
    for (const { socket } of stalled) socket.destroy();
  });

  it('that say no length and are too much at one time: the oldest is refused', async () => {
    const stalled = Array.from({ length: Math.ceil(MAX_PENDING_BYTES / MAX_BODY_BYTES) + 1 }, () =>
      stall('transfer-encoding: chunked'),
    );
    expect(await Promise.race(stalled.map(({ answer }) => answer))).toMatch(/^HTTP\/1.1 503 /);
    for (const { socket } of stalled) socket.destroy();
    await until(async () => (await client(port, false).post(REVIEW)).status === 200);
  });

  /** All of a body of the largest size but its last byte. */
  function stall(framing: string): { socket: TLSSocket; answer: Promise<string> } {
    const head = `POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`;
    const size = framing.startsWith('transfer') ? `${MAX_BODY_BYTES.toString(16)}\r\n` : '';
    const socket = connect({ host: '127.0.0.1', port, ca: ca.cert });
    socket.on('error', () => {}).on('secureConnect', () => socket.write(head + size + ' '.repeat(MAX_BODY_BYTES - 1)));
    const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    return { socket, answer };
  }

  it('connections at their limit: who kept one goes on, who waits idle makes room, and it is counted', async () => {
    const kept = client(port);
    expect((await kept.post(REVIEW)).status).toBe(200);
    // Each has had its answer, so that no time limit of a request ends it.
    const idle = Array.from({ length: MAX_CONNECTIONS.idle }, () => connect({ host: '127.0.0.1', port, ca: ca.cert }));
    for (const socket of idle) {
      socket.on('error', () => {}).on('secureConnect', () => socket.write(rawReview()));
      socket.resume();
    }
    await until(async () => (await counted('connections_failed_total{reason="limit"}')) > 0);
    await until(async () =>
      client(port, false)
        .post(REVIEW)
        .then(
          ({ status }) => status === 200,
          () => false,
        ),
    );
    expect((await kept.post(REVIEW)).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  it('handshakes that fail are counted: that is what a caBundle that is wrong looks like', async () => {
    const before = await counted('connections_failed_total{reason="handshake"}');
    await expect(served(port, createCa(Date.now()).cert)).rejects.toThrow();
    await until(async () => (await counted('connections_failed_total{reason="handshake"}')) === before + 1);
  });

  async function counted(name: string): Promise<number> {
    const lines = (await (await injector.health('/metrics')).text()).split('\n');
    const line = lines.find((each) => each.startsWith(`tcp_sniffer_injector_${name} `));
    return Number(line?.split(' ').at(-1));
  }

  it('that never end do not stay', async () => {
    const socket = connectTcp({ host: '127.0.0.1', port });
    const half = connect({ host: '127.0.0.1', port, ca: ca.cert });
    half.on('secureConnect', () =>
      half.write('POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'),
    );
    await Promise.all(
      [socket, half].map(
        (each) =>
          new Promise<void>((resolve) => {
            each.on('error', () => {}).on('close', () => resolve());
            each.resume();
          }),
      ),
    );
    expect((await client(port).post(REVIEW)).status).toBe(200);
  }, 30_000);
});

async function injectorForAll(): Promise<InjectorProcess> {
  return ready(await startInjector({ INJECTOR_TLS_DIR: volumeOf(leaf()).path }));
}

describe('the end', () => {
  it('SIGTERM: not ready, serves on for a while, closes, exit 0', async () => {
    const injector = await injectorForAll();
    const kept = client(injector.port);
    expect((await kept.post(REVIEW)).status).toBe(200);
    injector.child.kill('SIGTERM');
    await injector.logged('signal received');
    expect((await injector.health('/readyz')).status).toBe(503);
    // On the connection that was open, and on a new connection.
    expect((await kept.post(REVIEW)).status).toBe(200);
    expect((await client(injector.port, false).post(REVIEW)).status).toBe(200);
    expect(await injector.ended).toBe(0);
    expect(injector.log.at(-1)).toMatchObject({ message: 'injector stopped', injected: 3 });
  });

  it('a port that is taken: one line, exit 2', async () => {
    const first = await injectorForAll();
    const tlsDir = volumeOf(leaf()).path;
    const second = await startInjector({ INJECTOR_TLS_DIR: tlsDir, INJECTOR_PORT: `${first.port}` });
    expect(await second.ended).toBe(2);
    expect(second.log.at(-1)).toMatchObject({ level: 'error', error: expect.stringContaining('EADDRINUSE') });
    const third = await startInjector({ INJECTOR_TLS_DIR: tlsDir, INJECTOR_HEALTH_PORT: `${first.healthPort}` });
    expect(await third.ended).toBe(2);
  });
});
