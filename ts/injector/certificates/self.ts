/**
 * The self-managed pair: kept in a Secret that all replicas share, its CAs in `caBundle` of the webhook configuration.
 * Every replica looks after both once a minute; the first does what is due, and the others find it done: writes
 * carry the version of what was read, and a write that comes too late reads again.
 */

import { errorFields, type Log } from '../../logger';
import type { Counters } from '../counters';
import type { ApiAnswer, KubeApi } from '../kube-api';
import type { InjectorConfig } from '../operator-config';
import { isObject } from '../pod';
import type { PairSink, PairSource } from './files';
import { checkPair } from './pair';
import { bundleOf, type Kept, readKept, withGoodCa, withGoodLeaf, writeKept } from './plan';

interface SelfManagedDeps {
  api: KubeApi | undefined;
  log: Log;
  sink: PairSink;
  counters: Counters;
  now(): number;
}

const INTERVAL_MS = 60_000;
const RETRY_MS = 5_000;
/** Several replicas that start together get in each other's way for a few rounds. */
const MAX_ATTEMPTS = 8;

interface Secret extends Record<string, unknown> {
  metadata: Record<string, unknown>;
  data?: Record<string, string>;
}

interface WebhookConfiguration {
  metadata: { resourceVersion: string };
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

/** Another replica was faster. */
class Overtaken extends Error {}

export class SelfManagedPair implements PairSource {
  readonly #deps: SelfManagedDeps;
  readonly #names: string[];
  readonly #secretsPath: string;
  readonly #secretName: string;
  readonly #namespace: string;
  readonly #webhookPath: string;
  #served = '';
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    { service, namespace, tlsNames, tlsSecret, webhookConfiguration }: InjectorConfig,
    deps: SelfManagedDeps,
  ) {
    this.#deps = deps;
    this.#names = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`, ...tlsNames];
    this.#namespace = namespace;
    this.#secretName = tlsSecret;
    this.#secretsPath = `/api/v1/namespaces/${namespace}/secrets`;
    this.#webhookPath = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${webhookConfiguration}`;
  }

  /** Resolves after the first look; never rejects. */
  async start(): Promise<void> {
    const done = await this.look();
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), done ? INTERVAL_MS : RETRY_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Brings everything in order; whether that could be done. */
  async look(): Promise<boolean> {
    const { counters, log } = this.#deps;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.#reconcile();
          break;
        } catch (error) {
          if (!(error instanceof Overtaken) || attempt === MAX_ATTEMPTS) throw error;
        }
      }
      counters.upkeep.done++;
      return true;
    } catch (error) {
      counters.upkeep.failed++;
      log.error({ secret: this.#secretName, ...errorFields(error) }, 'cannot look after the certificate; trying again');
      return false;
    }
  }

  /**
   * The webhook configuration is read before the Secret: where another replica's newer CA is in it already, the Secret that
   * is read next has that CA too, and where it comes in after, our write is refused.
   */
  async #reconcile(): Promise<void> {
    const { log, now } = this.#deps;
    const webhooks = await this.#readWebhooks();
    let secret = await this.#readSecret();
    let kept = secret === undefined ? undefined : readKept(decode(secret.data ?? {}));

    const withCa = withGoodCa(kept, this.#names, now());
    if (withCa !== kept) {
      secret = await this.#writeSecret(secret, withCa);
      log.info({ secret: this.#secretName, cas: withCa.cas.length }, 'a new CA is made');
    }
    kept = withCa;

    let untrusted: unknown;
    try {
      await this.#trust(webhooks, kept);
    } catch (error) {
      if (error instanceof Overtaken) throw error;
      untrusted = error;
    }
    const withLeaf = withGoodLeaf(kept, this.#names, now(), untrusted === undefined);
    if (withLeaf !== kept) {
      await this.#writeSecret(secret, withLeaf);
      log.info({ secret: this.#secretName }, 'a new certificate is made');
    }
    this.#serve(withLeaf);
    if (untrusted !== undefined) throw untrusted;
  }

  #serve({ leaf }: Kept): void {
    const { sink, now } = this.#deps;
    if (leaf.cert === this.#served) return;
    sink.onPair(checkPair(leaf, now()));
    this.#served = leaf.cert;
  }

  /** A webhook configuration that is not there needs no trust. */
  async #trust(webhooks: WebhookConfiguration | undefined, { cas }: Kept): Promise<void> {
    if (webhooks === undefined) {
      this.#deps.log.warn(
        { path: this.#webhookPath },
        'there is no such webhook configuration: nothing will be injected',
      );
      return;
    }
    const wanted = Buffer.from(bundleOf(cas)).toString('base64');
    const changes = (webhooks.webhooks ?? []).flatMap(({ clientConfig }, index) =>
      clientConfig.caBundle === wanted
        ? []
        : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: wanted }],
    );
    if (changes.length === 0) return;
    const unchanged = { op: 'test', path: '/metadata/resourceVersion', value: webhooks.metadata.resourceVersion };
    const answer = await this.#send('PATCH', this.#webhookPath, [unchanged, ...changes]);
    // 422 is how the API server says that a test did not hold.
    if (answer.status === 409 || answer.status === 422) throw new Overtaken('the webhook configuration keeps changing');
    expectSuccess(answer, 'PATCH', this.#webhookPath);
    this.#deps.log.info({ webhooks: changes.length, cas: cas.length }, 'caBundle is set');
  }

  async #readWebhooks(): Promise<WebhookConfiguration | undefined> {
    const answer = await this.#send('GET', this.#webhookPath);
    if (answer.status === 404) return undefined;
    expectSuccess(answer, 'GET', this.#webhookPath);
    return answer.body as WebhookConfiguration;
  }

  async #readSecret(): Promise<Secret | undefined> {
    const path = `${this.#secretsPath}/${this.#secretName}`;
    const answer = await this.#send('GET', path);
    if (answer.status === 404) return undefined;
    expectSuccess(answer, 'GET', path);
    return answer.body as Secret;
  }

  /** `before` has the version that must still be current. */
  async #writeSecret(before: Secret | undefined, kept: Kept): Promise<Secret> {
    const data = encode(writeKept(kept));
    const isNew = before === undefined;
    const metadata = { name: this.#secretName, namespace: this.#namespace };
    const secret = isNew ? { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data } : { ...before, data };
    const [method, path] = isNew
      ? (['POST', this.#secretsPath] as const)
      : (['PUT', `${this.#secretsPath}/${this.#secretName}`] as const);
    const answer = await this.#send(method, path, secret);
    if (answer.status === 409) throw new Overtaken('the Secret keeps changing');
    expectSuccess(answer, method, path);
    return answer.body as Secret;
  }

  #send(...request: Parameters<KubeApi['send']>): Promise<ApiAnswer> {
    const { api } = this.#deps;
    if (api === undefined) throw new Error('not in a cluster (KUBERNETES_SERVICE_HOST is not set)');
    return api.send(...request);
  }
}

function expectSuccess({ status, body }: ApiAnswer, method: string, path: string): void {
  if (status >= 200 && status < 300 && isObject(body)) return;
  const message = isObject(body) && typeof body.message === 'string' ? `: ${body.message}` : '';
  throw new Error(`${method} ${path} was answered with ${status}${message}`);
}

function encode(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
}

function decode(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]));
}
