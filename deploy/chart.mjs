// The chart as Helm renders it, as text and as objects.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './tools.mjs';

export const CHART = join(dirname(fileURLToPath(import.meta.url)), 'helm', 'tcp-sniffer');
export const NAMESPACE = 'tcp-sniffer';

export const render = (helm, values, kubernetes) =>
  run(
    helm,
    [
      ...['template', 'tcp-sniffer', CHART, '--namespace', NAMESPACE],
      ...['--kube-version', kubernetes, '--values', '-'],
    ],
    { input: JSON.stringify(values) },
  );

/** YAML as objects. */
export const parse = (bin, text) =>
  JSON.parse(
    run(join(bin, 'python'), ['-c', 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))'], {
      input: text,
    }),
  ).filter((document) => document !== null);
