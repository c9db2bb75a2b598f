// An injector that serves, with a certificate of its own in files.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCa, createLeaf } from '../../ts/injector/certificates/issue';
import type { Pair } from '../../ts/injector/server';
import { type InjectorProcess, startInjector } from './process';

export interface Serving {
  injector: InjectorProcess;
  /** The key that its certificate is signed with. */
  ca: string;
}

/** It outlives the tests: who starts it ends it. */
export async function startServing(env: Record<string, string> = {}): Promise<Serving> {
  const ca = createCa(Date.now());
  const volume = new Volume(createLeaf(ca, ['127.0.0.1'], Date.now()));
  const injector = await startInjector({ INJECTOR_TLS_DIR: volume.path, ...env }, [], undefined, []);
  void injector.ended.then(() => volume.remove());
  await injector.logged('webhook is served');
  return { injector, ca: ca.cert };
}

/** A mounted Secret as kubelet makes it: files are links into `..data`, which is replaced as a whole. */
export class Volume {
  readonly path = mkdtempSync(join(tmpdir(), 'tcp-sniffer-test-'));
  #version = 0;

  constructor(pair?: Pair) {
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(this.path, name));
    if (pair !== undefined) this.put(pair);
  }

  put({ cert, key }: Pair): void {
    const version = `..v${this.#version++}`;
    mkdirSync(join(this.path, version));
    writeFileSync(join(this.path, version, 'tls.crt'), cert);
    writeFileSync(join(this.path, version, 'tls.key'), key);
    symlinkSync(version, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
