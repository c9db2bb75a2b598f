// `npm run e2e`: the injector against a real API server, and whatever else needs one. With KUBECONFIG set, that cluster is
// used: every object made has a name or a namespace of its own, and goes at the end. Without, and where the project's own
// test cluster lies beside the clone, that is started and stopped.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cluster = join(root, '..', 'shared', 'cluster');

/** In this order, each with the kind of cluster it needs: the slow ones last. */
const PARTS = [{ name: 'admission', files: ['e2e/admission.test.ts', 'e2e/certificates.test.ts'], up: [] }];

let failed = false;
for (const part of PARTS) failed = !runPart(part) || failed;
// It builds the image, and sees to its own cluster: one whose node runs pods.
failed = spawnSync(process.execPath, [join(root, 'e2e', 'image.mjs')], { stdio: 'inherit' }).status !== 0 || failed;
process.exitCode = failed ? 1 : 0;

function runPart({ name, files, up }) {
  if (process.env.KUBECONFIG) return runTests(files, {});
  if (!existsSync(join(cluster, 'up'))) {
    console.error(`e2e: ${name}: no cluster; set KUBECONFIG, e.g. KUBECONFIG=~/.kube/config npm run e2e`);
    return false;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-e2e-'));
  const env = { ...process.env, CLUSTER_DIR: join(folder, 'cluster') };
  try {
    const { status, stdout } = spawnSync(join(cluster, 'up'), up, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return status === 0 && runTests(files, exports(stdout));
  } finally {
    spawnSync(join(cluster, 'down'), [], { env, stdio: 'inherit' });
    rmSync(folder, { recursive: true, force: true });
  }
}

function runTests(files, env) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--config', 'e2e/vitest.config.mts', ...files, ...process.argv.slice(2)];
  return (
    spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' }).status === 0
  );
}

/** What `up` prints for a shell to evaluate: it is evaluated by one. */
function exports(script) {
  const { stdout } = spawnSync('bash', ['-c', `${script}\nenv -0`], { encoding: 'utf8' });
  return Object.fromEntries(
    stdout
      .split('\0')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
