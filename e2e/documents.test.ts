// The blocks of docs/deployment.md that need an image or a cluster: each is run as it stands, by bash, and then what it is for has
// to be true. Images go to a registry on the loopback and, by E2E_LOAD, into the cluster that KUBECONFIG names; without one
// those blocks do not run.
// E2E_IMAGE: where no image can be built, this image is in its place. E2E_LOWERED: the server is older than the chart wants; a
// copy of it is run that wants less.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { documents, ROOT } from '../__test__/docs/blocks';
// @ts-expect-error scripts have no types
import { fetchHelm, fetchKustomize, HELMS } from '../deploy/tools.mjs';
import { kubectl } from './cluster';
import { cleanUp, expectVacant, gone, has, installed, stateOfCluster } from './documents/injector';
import { copyProject, LOWERED } from './documents/project';
import { localIdOf, missingForImages, PODMAN_ENV, podman, Registry } from './documents/registry';
import { runBlock, type Surroundings } from './documents/run-block';
import { isProbe, linesOf, messagesIn, openShop, rolledOut, SHOP, sidecars } from './documents/shop';
import { blockOf, GUIDE, TURNS, type Turn } from './documents/turns';
// @ts-expect-error scripts have no types
import { makeCertificate } from './image/make.mjs';

const TEST_IMAGE = join(ROOT, 'docker', 'test-image.sh');
/** The image is built and tools are compiled, both once a machine. */
const BUILD_SECONDS = 600;
/** A namespace may take a minute to go. */
const SECONDS = 150;

const blocks = documents().flatMap((document) => document.blocks);
/** The image as the guide calls it. */
const [IMAGE = ''] = /registry\.example\/\S+/.exec(blockOf('docker/build.sh', blocks).text) ?? [];
const WITH_CA = `${IMAGE}-ca`;

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-guide-'));
const bin = join(folder, 'bin');
const project = join(folder, 'project');
/** Where a user has a CA of their own. */
const own = join(folder, 'own');
const env: NodeJS.ProcessEnv = { ...PODMAN_ENV, ...process.env, PATH: `${bin}:${process.env.PATH}` };

const noImages = missingForImages();
const noCluster = process.env.KUBECONFIG ? undefined : 'there is no KUBECONFIG';
let registry: Registry | undefined;

interface Proof {
  /** Why it cannot be run here. */
  without: string | undefined;
  surroundings: Omit<Surroundings, 'env'>;
  before?: () => void | Promise<void>;
  /** Checks the state after the block; `stdout` is the block's. */
  after: (stdout: string) => void | Promise<void>;
}

const inProject = { without: noCluster, surroundings: { cwd: project, seconds: SECONDS } };

const PROOFS: Record<Turn, Proof> = {
  'docker/build.sh': {
    without: noImages,
    surroundings: { cwd: ROOT, seconds: BUILD_SECONDS, by: [TEST_IMAGE, '--run'] },
    after: async () => {
      expect(await registry?.idOf(IMAGE)).toBe(localIdOf(IMAGE));
    },
  },
  'helm install': {
    ...inProject,
    before: async () => {
      load();
      await openShop(IMAGE);
      expect(sidecars()).toEqual([[]]);
    },
    after: () => installed(IMAGE),
  },
  'kubectl label namespace shop tcp-sniffer/inject=true': {
    without: noCluster,
    surroundings: { ...inProject.surroundings, enough: (stdout) => messagesIn(stdout).some(isProbe) },
    after: (stdout) => {
      const [start] = linesOf(stdout);
      expect(start).toMatchObject({ message: 'capture started', interface: 'eth0', ports: [8080], namespace: SHOP });
      expect(start?.pod).toMatch(/^web-/);
      const securityContext = { capabilities: { add: ['NET_RAW'], drop: ['ALL'] } };
      expect(sidecars()).toMatchObject([[{ image: IMAGE, securityContext }]]);
    },
  },
  "printf '%s\\n' 'FROM ": {
    without: noImages,
    surroundings: { cwd: own, seconds: SECONDS },
    before: () => makeCertificate(own, 'collector.example'),
    after: () => {
      const script = 'process.stdout.write(require("fs").readFileSync(process.env.NODE_EXTRA_CA_CERTS))';
      const run = podman('run', '--rm', '--network', 'none', '--entrypoint', 'node', WITH_CA, '-e', script);
      // Node's complaints about a CA that it was given go to stderr.
      expect(run).toEqual({ status: 0, stdout: readFileSync(join(own, 'ca.crt'), 'utf8'), stderr: '' });
    },
  },
  'helm uninstall': {
    ...inProject,
    after: async () => {
      rolledOut();
      expect(sidecars()).toEqual([[]]);
      expect(kubectl(['get', 'namespace', '-l', 'tcp-sniffer/inject', '-o', 'name']).stdout, 'still labelled').toBe('');
      await gone();
    },
  },
  'cd deploy/kustomize': { ...inProject, without: noCluster ?? tooOldForManifests(), after: () => installed(IMAGE) },
  'kubectl delete -k': {
    ...inProject,
    without: noCluster ?? tooOldForManifests(),
    after: async () => {
      await gone();
      expect(has('namespace', 'tcp-sniffer')).toBe(false);
      expect(kubectl(['-n', SHOP, 'rollout', 'restart', 'deployment']).stderr).toBe('');
      rolledOut();
      expect(sidecars()).toEqual([[]]);
    },
  },
};

describe(`${GUIDE} does what it says`, () => {
  /** Set once what is there is ours. */
  let ours = false;
  let broken: string | undefined;

  beforeAll(async () => {
    for (const path of [bin, own]) mkdirSync(path);
    if (noImages !== undefined) console.log(`${GUIDE}: images: NOT RUN, ${noImages}`);
    if (noCluster !== undefined) console.log(`${GUIDE}: cluster: NOT RUN, ${noCluster}`);
    if (noImages === undefined) {
      registry = await Registry.start(folder, bin);
      Object.assign(env, registry.env);
    } else if (process.env.CI || !process.env.E2E_IMAGE) throw new Error(`no image can be built: ${noImages}`);
    if (noCluster !== undefined) return;
    copyProject(project);
    const tools = fetchHelm(HELMS[0]);
    symlinkSync(join(tools, 'helm', 'helm'), join(bin, 'helm'));
    // Its kustomize has to know `replacements`: not just any kubectl.
    symlinkSync(join(tools, 'kubectl', 'kubectl'), join(bin, 'kubectl'));
    symlinkSync(join(fetchKustomize(), 'kustomize'), join(bin, 'kustomize'));
    expectVacant();
    ours = true;
  }, BUILD_SECONDS * 1_000);

  afterAll(() => {
    registry?.stop();
    if (noImages === undefined) {
      podman('rmi', '--force', WITH_CA);
      // This name alone; the layers stay, they make the next build short.
      podman('untag', IMAGE, IMAGE);
    }
    if (ours) cleanUp();
    rmSync(folder, { recursive: true, force: true });
  }, BUILD_SECONDS * 1_000);

  beforeEach((context) => {
    if (broken !== undefined) context.skip(`after what failed: ${broken}`);
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') broken = task.name;
  });

  for (const [at, turn] of TURNS.entries()) {
    const { without, surroundings, before, after } = PROOFS[turn];
    const { file, line, text } = blockOf(turn, blocks);
    const name = `${at + 1}. ${file}:${line} ${text.split('\n')[0]}`;
    test.skipIf(without !== undefined)(name, { timeout: BUILD_SECONDS * 1_000 }, async () => {
      await before?.();
      try {
        await after(await runBlock(text, { env, ...surroundings }));
      } catch (error) {
        if (ours) console.log(stateOfCluster());
        throw error;
      }
    });
  }
});

/** The image into the cluster, under the name that the guide has for it. */
function load(): void {
  if (noImages !== undefined) execFileSync('docker', ['tag', process.env.E2E_IMAGE ?? '', IMAGE]);
  const [command = 'true', ...words] = process.env.E2E_LOAD?.split(' ') ?? [];
  execFileSync(command, [...words, IMAGE], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

function tooOldForManifests(): string | undefined {
  if (LOWERED) return undefined;
  const minor = Number.parseInt(JSON.parse(kubectl(['get', '--raw', '/version']).stdout).minor, 10);
  return minor >= 28 ? undefined : `the manifests are for Kubernetes 1.28 and later, and this is 1.${minor}`;
}
