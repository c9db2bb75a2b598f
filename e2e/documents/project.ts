// A copy of what the guide's blocks use of the project: one of them changes a file, and an old server wants changes too.

import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../__test__/docs/blocks';

/** With E2E_LOWERED the chart asks for no more than Kubernetes 1.20 has, and the manifests are rendered from that. */
export const LOWERED = Boolean(process.env.E2E_LOWERED);

const CHART = 'deploy/helm/tcp-sniffer';
const LESS: [file: string, from: string, to: string][] = [
  ['Chart.yaml', "kubeVersion: '>=1.21.0-0'", "kubeVersion: '>=1.20.0-0'"],
  // policy/v1 is there from 1.21 on.
  ['values.yaml', 'podDisruptionBudget:\n  enabled: true', 'podDisruptionBudget:\n  enabled: false'],
  // The manifests are rendered for 1.28; the chart itself asks the server.
  ['values.yaml', 'matchConditions: true', 'matchConditions: false'],
];

export function copyProject(to: string): void {
  // The scripts are what deploy/check.mjs uses.
  for (const name of ['deploy', 'scripts']) cpSync(join(ROOT, name), join(to, name), { recursive: true });
  if (!LOWERED) return;
  for (const [name, from, less] of LESS) {
    const file = join(to, CHART, name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(from))
      throw new Error(`${CHART}/${name} has changed and e2e/documents/project.ts has not: ${from}`);
    writeFileSync(file, text.replace(from, less));
  }
  execFileSync(process.execPath, [join(to, 'deploy', 'check.mjs'), '--write'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
