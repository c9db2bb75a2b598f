// `npm run e2e`: the injector against a real API server, what the documents say about clusters and images, and the image at
// work. With KUBECONFIG set, that cluster is used: every object made has a name or a namespace of its own, or is refused where
// it is there already, and all of it goes at the end. Without, and where the project's own test cluster lies beside the clone, that
// is started, and used as docs/injector.md says for any cluster: by its own words.
//   npm run e2e -- -t 'words'     the words go to vitest, without those of docs/injector.md
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cluster = join(root, '..', 'shared', 'cluster');
const words = process.argv.slice(2);

const ADMISSION = ['e2e/admission.test.ts', 'e2e/policy.test.ts', 'e2e/certificates.test.ts'];
const DOCUMENTS = ['e2e/documents.test.ts'];

if (process.env.KUBECONFIG) process.exitCode = onCluster(process.env) ? 0 : 1;
else if (existsSync(join(cluster, 'up'))) process.exitCode = onOwnCluster() ? 0 : 1;
else {
  console.error('e2e: no cluster; set KUBECONFIG, e.g. KUBECONFIG=~/.kube/config npm run e2e');
  // The parts that need no cluster.
  runTests(DOCUMENTS, process.env);
  runImage(process.env);
  process.exitCode = 1;
}

/** All of it; a part that fails keeps none from running. */
function onCluster(env) {
  const parts = [() => runTests([...ADMISSION, ...DOCUMENTS], env), () => runImage(env)];
  return parts.map((part) => part()).every(Boolean);
}

function onOwnCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-e2e-'));
  const env = { ...process.env, CLUSTER_DIR: join(folder, 'cluster') };
  const withNode = process.getuid() === 0;
  try {
    const up = spawnSync(join(cluster, 'up'), withNode ? ['--node'] : [], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (up.status !== 0) return false;
    const onIt = exportsOf(up.stdout, env);
    if (!withNode) {
      console.log('e2e: documents, image: NOT RUN, the node of a cluster of our own needs root');
      return runTests(ADMISSION, onIt);
    }
    // It is older than the chart wants.
    onIt.E2E_LOWERED = '1';
    // The command that brings images to the nodes, under its name in docs/injector.md.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(join(cluster, 'load'), join(bin, 'load-image'));
    onIt.PATH = `${bin}:${onIt.PATH}`;
    return words.length > 0 ? onCluster({ ...onIt, E2E_LOAD: 'load-image' }) : asTheDocumentSays(onIt);
  } finally {
    spawnSync(join(cluster, 'down'), [], { env, stdio: 'inherit' });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The marked blocks of docs/injector.md, which come back here with a KUBECONFIG. */
function asTheDocumentSays(env) {
  const text = readFileSync(join(root, 'docs', 'injector.md'), 'utf8');
  const blocks = [...text.matchAll(/^<!-- run by npm run e2e -->\n```(?:sh|bash)\n(.*?)^```$/gms)];
  if (blocks.length === 0) throw new Error('docs/injector.md has no block that is run by npm run e2e');
  const shell = [join(root, 'docker', 'test-image.sh'), '--run', 'bash', '-euo', 'pipefail', '-c'];
  return blocks.every(([, block]) => run([...shell, block], env));
}

function runTests(files, env) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return run([process.execPath, vitest, 'run', '--config', 'e2e/vitest.config.mts', ...files, ...words], env);
}

/** Without a cluster it takes podman's pods. */
function runImage(env) {
  return run([process.execPath, join(root, 'e2e', 'image.mjs')], env);
}

function run([command, ...args], env) {
  return spawnSync(command, args, { cwd: root, env, stdio: 'inherit' }).status === 0;
}

/** The environment after what `up` prints for a shell to evaluate: it is evaluated by one. */
function exportsOf(script, env) {
  const { stdout } = spawnSync('bash', ['-c', `${script}\nenv -0`], { env, encoding: 'utf8' });
  return Object.fromEntries(
    stdout
      .split('\0')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
