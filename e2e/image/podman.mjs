// In place of a cluster: podman's pods, with the capabilities that Kubernetes would set, and the injector as a container. It
// answers as kubectl would, as far as the proofs ask. The features that podman's pods lack (fields by reference, Secrets, probes,
// native sidecars, volumes in memory and parts of them) are put in before; so this proves the image and the patch, not the manifests.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './cluster.mjs';
import { applyPatch } from './json-patch.mjs';

const HOOK = fileURLToPath(new URL('./capabilities-hook.mjs', import.meta.url));
/** As docker/test-image.sh has it. */
export const ENV = existsSync('/etc/containers/containers.conf')
  ? process.env
  : { CONTAINERS_CONF: fileURLToPath(new URL('../../docker/containers.conf', import.meta.url)), ...process.env };
const INJECTOR = 'tcp-sniffer-e2e-injector';
const NODE = 'podman';
const PORT = 18443;
const HEALTH_PORT = 18081;
const GRACE_SECONDS = 30;

/** Why it cannot be, or undefined. */
export function noPodman() {
  if (process.getuid() !== 0) return 'podman with hooks needs root here';
  return spawnSync('podman', ['--version']).status === 0 ? undefined : 'podman is missing';
}

export class Podman {
  #folder;
  #tls;
  #host;
  #ca;
  #image;
  #secrets = new Map();
  #pods = new Map();
  /** In memory. */
  #volumes = mkdtempSync('/dev/shm/tcp-sniffer-e2e-');

  constructor(folder, image, { cert, key, ca }, host) {
    this.#folder = folder;
    this.#image = image;
    this.#host = host;
    this.#ca = ca;
    this.#tls = join(folder, 'tls');
    mkdirSync(this.#tls);
    // The image's user reads them.
    for (const [name, text] of Object.entries({ 'tls.crt': cert, 'tls.key': key })) {
      writeFileSync(join(this.#tls, name), text);
      chmodSync(join(this.#tls, name), 0o644);
    }
    mkdirSync(join(folder, 'hooks'));
    const hook = { path: process.execPath, args: ['node', HOOK] };
    const text = JSON.stringify({ version: '1.0.0', hook, when: { always: true }, stages: ['precreate'] });
    writeFileSync(join(folder, 'hooks', 'capabilities.json'), text);
  }

  #podman(args, input = '') {
    const words = ['--hooks-dir', join(this.#folder, 'hooks'), ...args];
    const { status, stdout, stderr } = spawnSync('podman', words, { env: ENV, encoding: 'utf8', input });
    if (status !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
    return { stdout, stderr };
  }

  /** The injector, from the image; and that a plain program has no capability here, or all that follows proves nothing. */
  async start() {
    const plain = [
      'run',
      '--rm',
      '--user',
      '65532',
      '--cap-drop',
      'all',
      '--cap-add',
      'net_raw',
      '--entrypoint',
      'cat',
    ];
    const { stdout } = this.#podman([...plain, this.#image, '/proc/self/status']);
    assert.match(stdout, /^CapEff:\s*0+$/m, 'the hook gives capabilities as Kubernetes does');
    const env = {
      INJECTOR_IMAGE: this.#image,
      INJECTOR_NATIVE: 'never',
      INJECTOR_PORT: PORT,
      INJECTOR_HEALTH_PORT: HEALTH_PORT,
      INJECTOR_POLICY: JSON.stringify({ tlsKeylog: true }),
      NAMESPACE: 'tcp-sniffer',
    };
    this.#podman([
      ...['run', '--detach', '--name', INJECTOR, '--network', 'host', '--cap-drop', 'all', '--read-only'],
      ...['--security-opt', 'no-new-privileges', '--volume', `${this.#tls}:/etc/tcp-sniffer/tls:ro`],
      ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...[this.#image, 'injector'],
    ]);
    await until('the injector is ready', 30, async () => {
      const { ok } = await fetch(`http://127.0.0.1:${HEALTH_PORT}/readyz`);
      return ok || undefined;
    });
  }

  async apply(object) {
    const { kind, metadata } = object;
    if (kind === 'Secret') this.#secrets.set(metadata.name, object.stringData);
    if (kind !== 'Pod') return;
    const injected = metadata.labels?.['tcp-sniffer/inject'] === 'true' ? await this.#inject(object) : object;
    this.#pods.set(metadata.name, { spec: injected.spec, metadata });
    this.#podman(['kube', 'play', '-'], JSON.stringify(this.#playable(injected)));
  }

  async #inject(pod) {
    const uid = randomUUID();
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid,
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        operation: 'CREATE',
        namespace: pod.metadata.namespace,
        object: pod,
      },
    };
    const { response } = await this.#post('/mutate/pod', review);
    assert.equal(response.uid, uid);
    assert.equal(response.allowed, true);
    return applyPatch(pod, JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8')));
  }

  #post(path, body) {
    const options = { host: '127.0.0.1', port: PORT, path, method: 'POST', servername: this.#host, ca: this.#ca };
    const headers = { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...options, headers, agent: false }, async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve(JSON.parse(text));
      });
      outgoing.on('error', reject);
      outgoing.end(JSON.stringify(body));
    });
  }

  /** As podman's pods can have it. */
  #playable({ metadata: { name, namespace, labels }, spec }) {
    const fields = { 'metadata.name': name, 'metadata.namespace': namespace, 'spec.nodeName': NODE };
    const literal = ({ name: variable, value, valueFrom }) => {
      const { fieldRef, secretKeyRef } = valueFrom ?? {};
      if (fieldRef) return { name: variable, value: fields[fieldRef.fieldPath] };
      if (secretKeyRef)
        return { name: variable, value: this.#secrets.get(secretKeyRef.name)?.[secretKeyRef.key] ?? '' };
      return { name: variable, value };
    };
    const volumes = new Map();
    const mount = ({ name: volume, subPath, ...mounted }) => {
      const { emptyDir } = spec.volumes.find((each) => each.name === volume);
      const path = join(emptyDir ? this.#memory(`${name}-${volume}`) : this.#tls, subPath ?? '');
      if (subPath !== undefined) prepared(path, spec.initContainers[0]);
      volumes.set(path, { name: `volume-${volumes.size}`, ...volumes.get(path), hostPath: { path } });
      return { ...mounted, name: volumes.get(path).name };
    };
    const asPlayed = ({ readinessProbe: _, env, volumeMounts, ...container }) => ({
      ...container,
      ...(env === undefined ? {} : { env: env.map(literal) }),
      ...(volumeMounts === undefined ? {} : { volumeMounts: volumeMounts.map(mount) }),
    });
    const initContainers = (spec.initContainers ?? []).map(asPlayed);
    const containers = spec.containers.map(asPlayed);
    // A pod that is deleted does not start its containers again; podman does not know such a sidecar.
    const playable = { ...spec, initContainers, containers, volumes: [...volumes.values()], restartPolicy: 'Never' };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: playable };
  }

  #memory(name) {
    const path = join(this.#volumes, name);
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o777);
    return path;
  }

  get(kind, name) {
    if (kind !== 'pod') return {};
    const { spec, metadata, asked } = this.#pods.get(name);
    const inspected = spec.containers.map((container) => ({
      name: container.name,
      ...JSON.parse(this.#podman(['container', 'inspect', `${name}-${container.name}`]).stdout)[0],
    }));
    const [infra] = JSON.parse(this.#podman(['pod', 'inspect', name]).stdout).Containers.filter(({ Name }) =>
      /-infra$/.test(Name),
    );
    const [{ NetworkSettings }] = JSON.parse(this.#podman(['container', 'inspect', infra.Id]).stdout);
    const [network] = Object.values(NetworkSettings.Networks ?? {});
    const containerStatuses = inspected.map(({ name: container, State }) => ({
      name: container,
      state: /exited|stopped/.test(State.Status) ? { terminated: endOf(State) } : { running: {} },
    }));
    const isReady = inspected.every(({ State }) => State.Running);
    return {
      metadata: { ...metadata, deletionTimestamp: asked },
      spec: { ...spec, nodeName: NODE, terminationGracePeriodSeconds: GRACE_SECONDS },
      status: {
        podIP: network?.IPAddress || NetworkSettings.IPAddress,
        conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
        containerStatuses,
      },
    };
  }

  node(_namespace, pod, container, script, ...args) {
    return JSON.parse(this.#podman(['exec', `${pod}-${container}`, 'node', '-e', script, ...args]).stdout);
  }

  logs(_namespace, pod, container) {
    const { stdout, stderr } = this.#podman(['logs', `${pod}-${container}`]);
    return stderr + stdout;
  }

  /** `pod stop`, and `stop` of a container too, would take the network from a container that is still draining. */
  delete(name) {
    const pod = this.#pods.get(name);
    pod.asked = new Date(Date.now() + GRACE_SECONDS * 1000).toISOString();
    this.#podman(['kill', '--signal', 'TERM', ...pod.spec.containers.map((container) => `${name}-${container.name}`)]);
  }

  letGo() {}

  /** All that was started here. */
  stop() {
    for (const pod of this.#pods.keys()) this.#podman(['pod', 'rm', '--force', '--ignore', '--time', '1', pod]);
    this.#podman(['rm', '--force', '--ignore', '--time', '10', INJECTOR]);
    rmSync(this.#volumes, { recursive: true });
  }
}

/** podman wants the folder to be there before the init container runs that would make it. */
function prepared(path, { securityContext: { runAsUser } }) {
  mkdirSync(path, { recursive: true });
  chownSync(path, runAsUser, runAsUser);
}

const endOf = ({ ExitCode, FinishedAt }) => ({
  exitCode: ExitCode,
  reason: ExitCode === 0 ? 'Completed' : 'Error',
  finishedAt: new Date(FinishedAt).toISOString(),
});
