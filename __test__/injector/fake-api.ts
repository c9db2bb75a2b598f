// As much of an API server as the self-managed certificates need: one Secret and one webhook configuration, each with a
// version that a write must know, and answers that come in any order.

import type { ApiAnswer, KubeApi } from '../../ts/injector/kube-api';
import type { Json } from './rig';

interface Stored {
  metadata: Json & { resourceVersion: string };
  data?: Record<string, string>;
}

export class FakeApi implements KubeApi {
  down = false;
  refuseWebhooks = false;
  withoutWebhooks = false;
  writes = 0;
  creates = 0;
  #version = 1;
  #secret: Stored | undefined;
  #webhooks = {
    metadata: { resourceVersion: '0' },
    webhooks: ['a', 'b'].map((name) => ({ name, clientConfig: {} as { caBundle?: string } })),
  };

  async send(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    for (let turns = 4 * Math.random(); turns > 0; turns--) await new Promise(setImmediate);
    if (this.down) throw new Error('connect ECONNREFUSED');
    const answer = path.includes('/secrets')
      ? this.#secrets(method, body as Stored)
      : this.#configuration(method, body);
    return structuredClone(answer);
  }

  secretTexts(): Record<string, string> {
    const texts = Object.entries(this.#secret?.data ?? {});
    return Object.fromEntries(texts.map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]));
  }

  putSecret(texts: Record<string, string>): void {
    const data = Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
    );
    this.#secret = { metadata: { resourceVersion: this.#next() }, data };
  }

  bundles(): string[] {
    return this.#webhooks.webhooks.map(({ clientConfig }) =>
      Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
    );
  }

  setBundles(text: string): void {
    for (const { clientConfig } of this.#webhooks.webhooks) clientConfig.caBundle = text;
    this.#webhooks.metadata.resourceVersion = this.#next();
  }

  #next(): string {
    this.#version++;
    return `${this.#version}`;
  }

  #secrets(method: string, secret: Stored): ApiAnswer {
    if (method === 'GET')
      return this.#secret === undefined ? { status: 404, body: {} } : { status: 200, body: this.#secret };
    const isNew = method === 'POST';
    const overtaken = isNew
      ? this.#secret !== undefined
      : this.#secret?.metadata.resourceVersion !== secret.metadata.resourceVersion;
    if (overtaken) return { status: 409, body: { message: 'conflict' } };
    this.writes++;
    if (isNew) this.creates++;
    this.#secret = { ...secret, metadata: { ...secret.metadata, resourceVersion: this.#next() } };
    return { status: isNew ? 201 : 200, body: this.#secret };
  }

  #configuration(method: string, body: unknown): ApiAnswer {
    if (this.withoutWebhooks) return { status: 404, body: {} };
    if (method === 'GET') return { status: 200, body: this.#webhooks };
    if (this.refuseWebhooks) return { status: 403, body: { message: 'forbidden' } };
    const [test, ...changes] = body as { path: string; value: string }[];
    if (test?.value !== this.#webhooks.metadata.resourceVersion)
      return { status: 422, body: { message: 'test failed' } };
    this.writes++;
    for (const { path, value } of changes) {
      const webhook = this.#webhooks.webhooks[Number(/\d+/.exec(path)?.[0])];
      if (webhook !== undefined) webhook.clientConfig.caBundle = value;
    }
    this.#webhooks.metadata.resourceVersion = this.#next();
    return { status: 200, body: this.#webhooks };
  }
}
