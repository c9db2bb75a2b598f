// Pods against the schemas of Kubernetes itself, by the Python package kubernetes-validate.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const PYTHON = process.env.KUBERNETES_VALIDATE_PYTHON ?? 'python3';
export const VERSIONS = Array.from({ length: 13 }, (_, index) => `1.${25 + index}`);
/** The first version that has the fields of native sidecars. */
export const NATIVE_VERSIONS = VERSIONS.filter((version) => Number(version.slice(2)) >= 29);

/** `false` where the package is not there; with CI set that is an error. */
export function canValidate(): boolean {
  const { status } = spawnSync(PYTHON, ['-c', 'import kubernetes_validate']);
  if (status === 0) return true;
  const how = `python3 -m pip install kubernetes-validate (or name a Python that has it in KUBERNETES_VALIDATE_PYTHON)`;
  if (process.env.CI) throw new Error(`kubernetes-validate is missing: ${how}`);
  console.error(`NOT RUN: pods against the schemas of Kubernetes, kubernetes-validate is missing: ${how}`);
  return false;
}

export interface Checked {
  pod: unknown;
  versions: readonly string[];
}

/** A line for each complaint; unknown fields are complaints too. One process for all. */
export function complaints(checked: readonly Checked[]): string[] {
  const { status, stdout, stderr } = spawnSync(PYTHON, [join(__dirname, 'schemas.py')], {
    input: JSON.stringify(checked),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`schemas.py: ${stderr}`);
  return JSON.parse(stdout);
}
