/** Stand-ins for things of the machine that blocks of documents name and that no test may touch. */

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the stage that is last but for the machine's own on the PATH. */
export const PROPS = 'props';

const labelled = (name: string, containers: string[], initContainers?: string[]): object => ({
  metadata: { namespace: 'shop', name, labels: { 'tcp-sniffer/inject': 'true' } },
  spec: {
    containers: containers.map((container) => ({ name: container })),
    ...(initContainers && { initContainers: initContainers.map((container) => ({ name: container })) }),
  },
});

/** As `kubectl get pods -A -l tcp-sniffer/inject=true -o json` gives them; one has no sidecar. */
const PODS = {
  kind: 'List',
  items: [
    labelled('web-7d4b9-8kq2c', ['web'], ['migrate', 'tcp-sniffer']),
    labelled('web-7d4b9-x2x4q', ['web'], ['migrate']),
    labelled('cart-5c9d8-lm7tz', ['cart', 'tcp-sniffer']),
  ],
};

/**
 * `sudo` for who is root already, a `node` that capabilities may be given to, a `kubectl` for a pod that is this machine, a `duckdb`
 * that knows the fields of our lines, and a `nats` that takes nothing but these.
 */
export function furnishProps(folder: string): void {
  const place = join(folder, PROPS);
  mkdirSync(place);
  const script = (name: string, text: string): void =>
    writeFileSync(join(place, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  script('sudo', 'exec "$@"');
  script('duckdb', `exec "${process.execPath}" "${join(__dirname, 'stage-duckdb.mjs')}" "$@"`);
  script('nats', NATS);
  copyFileSync(process.execPath, join(place, 'node'));
  writeFileSync(join(place, 'pods.json'), JSON.stringify(PODS));
  script('kubectl', kubectl(place));
}

const NATS = `
case "$1 $2" in
'stream add') ;;
'pub http.messages') while read -r line; do case $line in '{"id":"'*) ;; *) exit 1 ;; esac; done ;;
*) exit 1 ;;
esac`;

/**
 * A command for a container is run here; what an ephemeral container is told to do, once its log is asked for. Both end by themselves
 * after a while, since their reader would get a Ctrl-C.
 */
const kubectl = (place: string): string => `
asked="${join(place, 'asked')}"
case "$*" in
'get pods -A -l tcp-sniffer/inject=true -o json') exec cat "${join(place, 'pods.json')}" ;;
'-n shop get pods -l app=web -o name') echo pod/web-7d4b9-8kq2c ;;
'-n shop exec deployment/web -c web -- tcpdump '*) shift 8 && exec tcpdump -c 20 "$@" ;;
'-n shop debug pod/web-7d4b9-8kq2c --image registry.example/tcp-sniffer:'*' --container sniffer --profile restricted --custom '*' --arguments-only -- '*)
  grep -q 'add: \\[NET_RAW\\]' "\${12}" && shift 14 && echo "$@" > "$asked" ;;
'-n shop logs pod/web-7d4b9-8kq2c -c sniffer -f') exec npx tcp-sniffer $(sed 's/10m/2s/' "$asked") ;;
*) exit 1 ;;
esac`;
