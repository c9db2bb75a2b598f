// Certificates of our own making, as OpenSSL and Node see them; and the self-managed mode against an API server of the
// test, with its clock, its conflicts and its failures.

import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CA_LIFETIME_MS, createCa, createLeaf, LEAF_LIFETIME_MS } from '../../ts/injector/certificates/issue';
import type { CheckedPair } from '../../ts/injector/certificates/pair';
import { readKept, TRUST_MS, writeKept } from '../../ts/injector/certificates/plan';
import { SelfManagedPair } from '../../ts/injector/certificates/self';
import { createCounters } from '../../ts/injector/counters';
import { FakeApi } from './fake-api';
import { configOf, type LogLine, logInto } from './rig';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const NAMES = ['tcp-sniffer-injector.tcp-sniffer.svc', '10.1.2.3', 'fd00::a:1', '::ffff:10.0.0.1'];

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('what is issued', () => {
  it('is taken by OpenSSL, strictly, for its names and its time only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-test-'));
    folders.push(folder);
    const [ca, other] = [createCa(NOW), createCa(NOW)];
    const leaf = createLeaf(ca, NAMES, NOW);
    for (const [name, text] of Object.entries({ ca: other.cert + ca.cert, other: other.cert, leaf: leaf.cert })) {
      writeFileSync(join(folder, name), text);
    }
    const verify = (ca: string, at: number, ...args: string[]) => {
      const time = ['-attime', `${Math.floor(at / 1_000)}`, '-x509_strict', '-purpose', 'sslserver'];
      try {
        execFileSync('openssl', ['verify', '-CAfile', ca, ...time, ...args, 'leaf'], { cwd: folder, stdio: 'pipe' });
        return true;
      } catch {
        return false;
      }
    };
    expect(verify('ca', NOW, '-verify_hostname', NAMES[0] ?? '')).toBe(true);
    for (const address of NAMES.slice(1)) expect(verify('ca', NOW, '-verify_ip', address)).toBe(true);
    expect(verify('ca', NOW, '-verify_hostname', 'another.svc')).toBe(false);
    expect(verify('ca', NOW, '-verify_ip', '10.1.2.4')).toBe(false);
    expect(verify('other', NOW)).toBe(false);
    expect(verify('ca', NOW + LEAF_LIFETIME_MS - 1_000)).toBe(true);
    expect(verify('ca', NOW + LEAF_LIFETIME_MS + 1_000)).toBe(false);
    expect(verify('ca', NOW - DAY_MS)).toBe(false);
  });

  it('has the key, the issuer and the ends that it says', () => {
    const ca = createCa(NOW);
    const issuer = new X509Certificate(ca.cert);
    const leaf = new X509Certificate(createLeaf(ca, NAMES, NOW + CA_LIFETIME_MS - DAY_MS).cert);
    expect(issuer.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(issuer)).toBe(true);
    expect(leaf.verify(issuer.publicKey)).toBe(true);
    expect(Date.parse(leaf.validTo)).toBe(NOW + CA_LIFETIME_MS);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it('beyond 2049, where dates are written in another way', () => {
    const later = Date.parse('2051-06-07T08:09:10Z');
    expect(Date.parse(new X509Certificate(createCa(later).cert).validTo)).toBe(later + CA_LIFETIME_MS);
  });
});

interface Replica {
  look(): Promise<boolean>;
  served: CheckedPair[];
  log: LogLine[];
}

class Cluster {
  now = NOW;
  readonly api = new FakeApi();

  replica(names = '127.0.0.1'): Replica {
    const served: CheckedPair[] = [];
    const log: LogLine[] = [];
    const pair = new SelfManagedPair(configOf({ INJECTOR_TLS_NAMES: names }), {
      api: this.api,
      log: logInto(log),
      sink: { onPair: (one) => served.push(one), onBadPair: () => {} },
      counters: createCounters(),
      now: () => this.now,
    });
    return { look: () => pair.look(), served, log };
  }

  /** Every webhook trusts every certificate in the Secret. */
  check(): void {
    const kept = readKept(this.api.secretTexts());
    if (kept === undefined) throw new Error('no Secret');
    const leaf = new X509Certificate(kept.leaf.cert);
    for (const bundle of this.api.bundles()) {
      const cas = bundle.split(/(?=-----BEGIN)/).map((pem) => new X509Certificate(pem));
      expect(cas.some((ca) => leaf.verify(ca.publicKey))).toBe(true);
    }
    expect(Date.parse(leaf.validTo)).toBeGreaterThan(this.now);
  }
}

describe('self-managed', () => {
  it('makes all of it at first, and nothing the second time', async () => {
    const cluster = new Cluster();
    const { look, served } = cluster.replica();
    expect(await look()).toBe(true);
    cluster.check();
    const written = cluster.api.writes;
    expect(await look()).toBe(true);
    expect(cluster.api.writes).toBe(written);
    expect(served).toHaveLength(1);
    const leaf = new X509Certificate(served[0]?.cert ?? '');
    expect(leaf.checkHost('tcp-sniffer-injector.tcp-sniffer.svc')).toBeTruthy();
    expect(leaf.checkIP('127.0.0.1')).toBeTruthy();
  });

  it('many replicas agree on one', async () => {
    const cluster = new Cluster();
    const replicas = Array.from({ length: 5 }, () => cluster.replica());
    expect(await Promise.all(replicas.map(({ look }) => look()))).toEqual([true, true, true, true, true]);
    expect(new Set(replicas.map(({ served }) => served.at(-1)?.cert)).size).toBe(1);
    expect(cluster.api.creates).toBe(1);
    cluster.check();
  });

  it('over three years, five days at a time: what is served is trusted, and never runs out', async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.replica(), cluster.replica()];
    for (let day = 0; day < 3 * 365; day += 5) {
      await Promise.all([first.look(), second.look()]);
      cluster.check();
      for (const { served } of [first, second]) expect(served.at(-1)?.notAfter).toBeGreaterThan(cluster.now + DAY_MS);
      cluster.now += 5 * DAY_MS;
    }
    expect(first.served.length).toBeGreaterThan(12);
    expect(first.log.filter(({ level }) => level === 'error')).toEqual([]);
  }, 60_000);

  it('a new CA is trusted for a while before anything is signed by it', async () => {
    const cluster = new Cluster();
    const { look, served } = cluster.replica();
    await look();
    cluster.now += 80 * DAY_MS;
    await look();
    cluster.now += 80 * DAY_MS;
    await look();
    cluster.now += 85 * DAY_MS;
    const before = served.at(-1);
    await look();
    expect(served.at(-1)).toBe(before);
    expect(cluster.api.bundles()[0]?.match(/BEGIN/g)).toHaveLength(2);
    cluster.now += TRUST_MS - 1_000;
    await look();
    expect(served.at(-1)).toBe(before);
    cluster.now += 2_000;
    await look();
    expect(served.at(-1)).not.toBe(before);
    cluster.check();
  });

  it('not while caBundle cannot be set', async () => {
    const cluster = new Cluster();
    const { look, served } = cluster.replica();
    await look();
    cluster.now += 250 * DAY_MS;
    const kept = readKept(cluster.api.secretTexts());
    const leaf = createLeaf({ cert: kept?.cas[0] ?? '', key: kept?.caKey ?? '' }, ['127.0.0.1'], cluster.now);
    if (kept !== undefined) cluster.api.putSecret(writeKept({ ...kept, leaf }));
    cluster.api.refuseWebhooks = true;
    expect(await look()).toBe(false);
    cluster.now += DAY_MS;
    expect(await look()).toBe(false);
    expect(served.at(-1)?.cert).toBe(leaf.cert);
    cluster.api.refuseWebhooks = false;
    expect(await look()).toBe(true);
    cluster.check();
  });

  it('makes another certificate for another name', async () => {
    const cluster = new Cluster();
    await cluster.replica().look();
    cluster.now += DAY_MS;
    const { look, served } = cluster.replica('127.0.0.1,webhook.example');
    expect(await look()).toBe(true);
    expect(new X509Certificate(served[0]?.cert ?? '').checkHost('webhook.example')).toBeTruthy();
    cluster.check();
  });

  it('sets a caBundle that somebody else has changed', async () => {
    const cluster = new Cluster();
    const { look } = cluster.replica();
    await look();
    cluster.api.setBundles('');
    await look();
    cluster.check();
  });

  it.each([
    ['is empty', {}],
    ['is nonsense', { 'ca.crt': 'x', 'ca.key': 'x', 'tls.crt': 'x', 'tls.key': 'x' }],
    ['has the key of another', { ...writeKept(fresh()), 'ca.key': createCa(NOW).key }],
    ['has expired', writeKept(fresh(NOW - 2 * CA_LIFETIME_MS))],
    ['has no good certificate', { ...writeKept(fresh()), 'tls.crt': 'x' }],
  ])('starts anew where the Secret %s', async (_, data) => {
    const cluster = new Cluster();
    cluster.api.putSecret(data);
    const { look, served } = cluster.replica();
    expect(await look()).toBe(true);
    expect(served).toHaveLength(1);
    cluster.check();
  });

  it('goes on with what it has while the API server is away', async () => {
    const cluster = new Cluster();
    const { look, served, log } = cluster.replica();
    await look();
    cluster.api.down = true;
    expect(await look()).toBe(false);
    expect(served).toHaveLength(1);
    expect(log.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('trying again') });
    expect(JSON.stringify(log)).not.toContain('PRIVATE KEY');
  });

  it('serves without a webhook configuration, and says that there is none', async () => {
    const cluster = new Cluster();
    cluster.api.withoutWebhooks = true;
    const { look, served, log } = cluster.replica();
    expect(await look()).toBe(true);
    expect(served).toHaveLength(1);
    expect(log).toContainEqual(expect.objectContaining({ level: 'warn' }));
  });
});

function fresh(now = NOW) {
  const ca = createCa(now);
  return { cas: [ca.cert], caKey: ca.key, leaf: createLeaf(ca, ['127.0.0.1'], now) };
}
