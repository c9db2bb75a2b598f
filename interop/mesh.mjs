// `node interop/mesh.mjs`: pods of a mesh, a Docker host, and what they ask each other, in network namespaces; and sniffers wherever
// one may stand (mesh/cases.mjs). Each of these shows each exchange as often as docs/deployment.md says, with the real server as its
// receiver.
//   --cases WORDS     only those whose name has one of these words, separated by commas
//   --keep FOLDER     what sniffers, clients and applications said goes there, as JSON lines
import { execFileSync } from 'node:child_process';
import { chmodSync, constants, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES, PROXIES, WATCHERS } from './mesh/cases.mjs';
import { makeCertificates } from './mesh/certificates.mjs';
import { judge, longer, unsaid } from './mesh/judge.mjs';
import { session } from './mesh/session.mjs';
import { chosenFor } from './mesh/watch.mjs';
import { TOOLS } from './tools.mjs';

const ATTEMPTS = 3;
/** Without the download of Envoy. */
const LIMIT_MS = 120_000;
const PROGRAMS = ['unshare', 'nsenter', 'setpriv', 'ip', 'iptables-restore', 'openssl'];

const { values: flags } = parseArgs({ options: { cases: { type: 'string' }, keep: { type: 'string' } } });
const words = flags.cases?.split(',') ?? [''];
const cases = CASES.filter(({ name }) => words.some((word) => name.includes(word)));

/** Where CI is set nothing is left out in silence: what cannot be run fails. */
function notRun(why) {
  console.log(`mesh: NOT RUN, ${why}`);
  process.exit(process.env.CI ? 1 : 0);
}

function isThere(program) {
  try {
    execFileSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function envoy() {
  try {
    return TOOLS.envoy();
  } catch (error) {
    return notRun(`Envoy cannot be had: ${error.message.split('\n')[0]}`);
  }
}

if (process.getuid() !== 0) notRun('network namespaces need root');
const missing = PROGRAMS.find((program) => !isThere(program));
if (missing !== undefined) notRun(`there is no ${missing}`);
const downloaded = envoy();

const began = performance.now();
const seconds = () => ((performance.now() - began) / 1000).toFixed(0);
const say = (text) => console.log(`[${seconds().padStart(4)} s] ${text}`);
setTimeout(() => {
  console.log(`mesh: FAILED, not done after ${LIMIT_MS / 1000} s`);
  process.exit(1);
}, LIMIT_MS).unref();

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-mesh-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
// The proxies are users of their own, who log keys here and may not enter where the cache is.
chmodSync(folder, 0o777);
const place = { folder, envoy: join(folder, 'envoy') };
copyFileSync(downloaded, place.envoy, constants.COPYFILE_FICLONE);
makeCertificates(
  folder,
  PROXIES.map(({ on }) => on),
);

function keep({ records, applied, watched }) {
  if (flags.keep === undefined) return;
  mkdirSync(flags.keep, { recursive: true });
  const write = (name, all) =>
    writeFileSync(join(flags.keep, `${name}.jsonl`), all.map((one) => `${JSON.stringify(one)}\n`).join(''));
  write('clients', records);
  write('applications', applied);
  for (const [name, { messages, log }] of watched) {
    write(name.replaceAll(/\W+/g, '-'), messages);
    write(`${name.replaceAll(/\W+/g, '-')}.log`, log);
  }
}

/** A session that a busy machine kept from being seen whole says nothing, so there is another turn. */
async function undropped() {
  for (let attempt = 1; ; attempt++) {
    const said = await session(cases, place);
    const dropped = [...said.watched.values()].reduce(
      (sum, { counters }) => sum + counters.dropped + counters.queueDropped,
      0,
    );
    if (dropped === 0 || attempt === ATTEMPTS) return said;
    say(`again, the machine was busy: ${dropped} dropped`);
  }
}

const complaints = [];
for (const { name, pod, chosen } of WATCHERS) {
  const decided = pod === undefined ? chosen : chosenFor(pod);
  if (decided.join() !== chosen.join()) complaints.push(`${name}: the injector chooses ${decided.join(', ')}`);
}
const said = await undropped();
keep(said);
complaints.push(...unsaid(cases, said));
let shown = 0;
for (const [name, seen] of said.watched) {
  const found = [...judge(name, { cases, ...said, seen })];
  say(`${name}: ${seen.messages.length / 2} exchanges${found.length > 0 ? `, ${found.length} complaints` : ''}`);
  complaints.push(...found.map((text) => `${name}: ${text}`));
  shown += seen.messages.length / 2;
}
for (const text of complaints) console.log(`  ${text}`);
const more = longer(said.records, said.watched.get('client, lo'));
if (more !== undefined)
  console.log(`in the client's pod the client waits ${more.toFixed(1)} ms longer than is shown, in the median`);
console.log(
  `mesh: ${cases.length} situations, ${shown} exchanges shown, ${complaints.length} complaints, ${seconds()} s`,
);
process.exitCode = complaints.length > 0 || shown === 0 ? 1 : 0;
