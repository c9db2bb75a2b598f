// A registry of images on the loopback, and a `docker` for which it is registry.example: so no registry outside is asked.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../__test__/docs/blocks';
import { type Done, until } from '../cluster';
import { freePort } from '../webhook';

const START_MS = 10_000;
/** Its name in the documents. */
const NAME = 'registry.example';
const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

const CONFIGURATION = '/etc/containers/containers.conf';
/** As docker/test-image.sh has it. */
export const PODMAN_ENV: NodeJS.ProcessEnv = existsSync(CONFIGURATION)
  ? {}
  : { CONTAINERS_CONF: join(ROOT, 'docker', 'containers.conf') };

/** Why this machine cannot run it and build an image; `undefined` if it can: docker/test-image.sh. */
export function missingForImages(): string | undefined {
  if (process.getuid?.() !== 0) return 'docker/test-image.sh needs root';
  const tools = ['docker-registry', 'buildah', 'podman', 'debootstrap'];
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
  return missing.length === 0 ? undefined : `this machine has no ${missing.join(', no ')}`;
}

export class Registry {
  readonly #child: ChildProcess;
  readonly #address: string;
  /** For what uses it: the file that says where registry.example is. */
  readonly env: Record<string, string>;

  private constructor(child: ChildProcess, address: string, env: Record<string, string>) {
    this.#child = child;
    this.#address = address;
    this.env = env;
  }

  /** Its images lie in `folder`; `docker` comes into `bin`. */
  static async start(folder: string, bin: string): Promise<Registry> {
    const address = `127.0.0.1:${await freePort()}`;
    mkdirSync(join(folder, 'registry'));
    const storage = { filesystem: { rootdirectory: join(folder, 'registry') } };
    const configuration = { version: '0.1', storage, http: { addr: address } };
    // JSON is YAML.
    const file = join(folder, 'registry.yml');
    writeFileSync(file, JSON.stringify(configuration));
    // It speaks of every request, and of each blob that it is asked for and has not got yet as of an error.
    const log = join(folder, 'registry.log');
    const descriptor = openSync(log, 'w');
    const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', descriptor, descriptor] });
    closeSync(descriptor);
    const answers = (): Promise<boolean> =>
      fetch(`http://${address}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(`docker-registry answers on ${address}`, START_MS, answers).catch((error: Error) => {
      child.kill();
      throw new Error(`${error.message}\n${readFileSync(log, 'utf8')}`);
    });
    const registries = join(folder, 'registries.conf');
    const entry = { prefix: NAME, location: address, insecure: true };
    const lines = Object.entries(entry).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
    writeFileSync(registries, `[[registry]]\n${lines.join('')}`);
    // As Debian's podman-docker has it, but for pushes: those go by the name of the image alone, whatever that file says.
    const push = `exec podman push --tls-verify=false "$2" "docker://${address}/\${2#${NAME}/}"`;
    const docker = `#!/bin/sh\n[ "$1" != push ] || ${push}\nexec podman "$@"\n`;
    writeFileSync(join(bin, 'docker'), docker, { mode: 0o755 });
    return new Registry(child, address, { CONTAINERS_REGISTRIES_CONF: registries });
  }

  /** The id of the image that a tag leads to. @throws when it has no such tag */
  async idOf(image: string): Promise<string> {
    const [, repository, tag] = /^[^/]+\/(.+):([^:]+)$/.exec(image) ?? [];
    const url = `http://${this.#address}/v2/${repository}/manifests/${tag}`;
    const answer = await fetch(url, { headers: { accept: MANIFESTS.join() } });
    if (!answer.ok) throw new Error(`the registry has no ${repository}:${tag}: ${await answer.text()}`);
    const { config } = (await answer.json()) as { config: { digest: string } };
    return config.digest.replace('sha256:', '');
  }

  stop(): void {
    this.#child.kill();
  }
}

export function podman(...args: string[]): Done {
  const env = { ...PODMAN_ENV, ...process.env };
  const { status, stdout, stderr } = spawnSync('podman', args, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** @throws when there is no such image on this machine */
export function localIdOf(image: string): string {
  const { status, stdout, stderr } = podman('image', 'inspect', '--format', '{{.Id}}', image);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
