// The chart's admission policies against the webhook: on every pod of the tables of __test__/injector both leave the same pod, or
// leave it alone for the same reason. The policies are evaluated by the API server's own packages (evaluate/).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { kept } from '../../scripts/cache.mjs';
import { go, run } from '../tools.mjs';
import { casesByValues } from './pods.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Compiled once a machine and version of its source: minutes, then nothing. */
function evaluator() {
  const folder = join(HERE, 'evaluate');
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(folder, name)));
  const made = kept(`evaluate-policies-${hash.digest('hex').slice(0, 16)}`, (into) => {
    const [command, ...words] = go();
    run(command, [...words, 'build', '-o', join(into, 'evaluate'), '.'], { cwd: folder });
  });
  return join(made, 'evaluate');
}

const bare = ({ metadata, ...pod }) => ({ ...pod, metadata: { ...metadata, creationTimestamp: undefined } });

/**
 * How many pods were compared.
 * @param render the chart as objects, of values
 * @param fail what is said and ends the check
 */
export async function checkPolicies(work, render, fail) {
  const jobs = await casesByValues(work);
  const input = [...jobs].map(([values, cases]) => {
    const objects = render(JSON.parse(values));
    const kind = (wanted) => objects.filter((object) => object.kind === wanted);
    return {
      mutating: kind('MutatingAdmissionPolicy')[0],
      validating: kind('ValidatingAdmissionPolicy'),
      reviews: cases.map(({ pod, oldPod, expected, labels, operation = 'CREATE' }) => ({
        ...{ operation, namespace: 'shop', labels, pod, oldPod, expected },
      })),
    };
  });
  const text = execFileSync(evaluator(), { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 2 ** 28 });
  const answers = JSON.parse(text);
  let compared = 0;
  [...jobs.values()].forEach((cases, index) => {
    const { errors, reviews } = answers[index];
    if (errors?.length > 0) fail('the policies do not compile', errors.join('\n'));
    cases.forEach(({ name, wrong }, at) => {
      const { pod, expected, complaints, error } = reviews[at];
      if (error) fail(`policy, ${name}: ${error}`);
      if (expected && !isDeepStrictEqual(bare(pod), bare(expected)))
        fail(`policy, ${name}: another pod`, `${JSON.stringify(pod)}\n${JSON.stringify(expected)}`);
      const complaint = wrong(pod, Object.values(complaints).flat());
      if (complaint !== undefined) fail(`policy, ${name}: ${complaint}`);
      compared++;
    });
  });
  return compared;
}
