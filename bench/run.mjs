// `npm run bench`: everything in one run, then docs/performance.md from it.
//   --quick           small captures, few rounds, the document stays as it is
//   --only PART,…     these of PARTS below, in this order; the other parts stay as they were measured last
//   --without-peers   nothing is compared with, nothing is installed
//   --report          measures nothing: writes the document from the last run again
//   --cache FOLDER    captures and results; default: in the user's cache folder
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, homedir, loadavg, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BEFORE, provideBefore } from './before.mjs';
import { captures } from './captures.mjs';
import { canMakeNamespaces } from './namespaces.mjs';
import { PEERS, provide, TOOLS } from './peers.mjs';
import { growthPlot } from './plot.mjs';
import { output, ROOT } from './processes.mjs';
import { buildByProfile, built } from './programs.mjs';
import { report } from './report.mjs';

const PARTS = {
  savefile: async (context) => {
    const { measureSavefiles } = await import('./savefile.mjs');
    return measureSavefiles(await captures(context.cache, context), context);
  },
  fields: async (context) => (await import('./fields.mjs')).measureFields(context),
  engine: async (context) => (await import('./engine.mjs')).measureEngine(context),
  protocols: async (context) => (await import('./protocols.mjs')).measureProtocols(context),
  outputs: async (context) => (await import('./outputs.mjs')).measureOutputs(context),
  live: async (context) => (await import('./live.mjs')).measureLive(context),
  sidecar: async (context) => (await import('./sidecar.mjs')).measureSidecar(context),
  memory: async (context) => (await import('./memory.mjs')).measureMemory(context),
  growth: async (context) => (await import('./growth.mjs')).measureGrowth(context),
  start: async (context) => (await import('./start.mjs')).measureStart(context),
  progress: async (context) => (await import('./progress.mjs')).measureProgress(context),
};
const NEED_NAMESPACES = ['savefile', 'fields', 'protocols', 'live'];
/** Parts in which the commit that is a peer is one. */
const WITH_BEFORE = ['savefile', 'engine', 'start'];
/** A part returns results of this form; results of another form are measured again. */
const FORM = 2;
/** No part takes so long; a run that hangs must not hang for ever. */
const LIMIT_MS = 90 * 60_000;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    'without-peers': { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    cache: {
      type: 'string',
      default: join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tcp-sniffer-bench'),
    },
  },
});
const { quick } = flags;
const parts = flags.only?.split(',') ?? Object.keys(PARTS);
if (!parts.every((part) => part in PARTS)) fail(`--only takes some of ${Object.keys(PARTS).join(',')}`);
const cache = resolve(flags.cache);
const resultsFile = join(cache, quick ? 'results-quick.json' : 'results.json');
mkdirSync(cache, { recursive: true });
const last = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
const results = Object.fromEntries(Object.entries(last).filter(([, { form }]) => form === FORM));

// A machine's own settings add work to each start of Node that is not measured here: certificates to read, modules to load.
for (const name of ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS']) delete process.env[name];

const began = performance.now();
const tell = (words) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${words}`);

if (!flags.report) await measure();
const text = report(results);
if (quick) console.log(text);
else {
  writeFileSync(join(ROOT, 'docs/performance.md'), text);
  if (results.growth?.result) writeFileSync(join(ROOT, 'docs/growth.svg'), growthPlot(results.growth.result));
  console.log('docs/performance.md and docs/growth.svg are written');
}
process.exit(Object.values(results).some(({ failure }) => failure !== undefined) ? 1 : 0);

async function measure() {
  setTimeout(() => fail('the run hangs'), LIMIT_MS).unref();
  if (!existsSync(join(ROOT, 'dist/cli.js'))) fail('dist/ is missing: npm run setup');
  if (!canMakeNamespaces() && parts.some((part) => NEED_NAMESPACES.includes(part)))
    fail(`needs root for network namespaces and captures: ${NEED_NAMESPACES.join(', ')} (sudo, or --only memory)`);
  if (!quick) buildPrograms();
  const tools = flags['without-peers'] ? TOOLS.filter(({ name }) => name === 'tcpdump') : [...PEERS, ...TOOLS];
  const { versions, absent } = provide(tools, tell);
  if (flags['without-peers'])
    for (const { name } of [...PEERS, ...TOOLS]) if (!(name in versions)) absent[name] = '--without-peers';
  const { ENGINE } = await import('./savefile.mjs');
  if (ENGINE === undefined) absent.engine = 'not built: cargo build --release --example read';
  const before = parts.some((part) => WITH_BEFORE.includes(part)) ? providedBefore(absent) : undefined;
  for (const part of parts) {
    tell(part);
    const about = {
      form: FORM,
      date: new Date().toISOString(),
      load: loadavg()[0],
      machine: machine(),
      versions,
      absent,
      quick,
      built,
    };
    try {
      results[part] = { ...about, result: await PARTS[part]({ cache, quick, absent, before, tell }) };
    } catch (error) {
      results[part] = { ...about, failure: error.message };
      tell(`${part} failed: ${error.stack}`);
    }
    writeFileSync(resultsFile, JSON.stringify(results, null, 1));
  }
}

/** Its programs; undefined where they cannot be had. A quick run does not wait for minutes. */
function providedBefore(absent) {
  if (flags['without-peers']) return undefined;
  try {
    return provideBefore(tell, { build: !quick });
  } catch (error) {
    absent[BEFORE] = error.message;
    tell(`without ${BEFORE}: ${error.message}`);
    return undefined;
  }
}

function buildPrograms() {
  try {
    buildByProfile(tell);
  } catch (error) {
    tell(`not built by profile, so as for development: ${error.message}`);
    buildEngine();
  }
}

function buildEngine() {
  try {
    execFileSync('cargo', ['build', '--release', '--quiet', '--example', 'read'], {
      cwd: ROOT,
      stdio: 'inherit',
      timeout: 1_800_000,
    });
  } catch (error) {
    tell(`without the engine alone: ${error.message}`);
  }
}

function machine() {
  return {
    cpu: `${cpus().length} × ${cpus()[0].model.trim()}`,
    memoryBytes: totalmem(),
    kernel: release(),
    system: /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1],
    node: process.version,
    commit: version('git', ['-C', ROOT, 'describe', '--always', '--dirty', '--exclude', '*']),
    rustc: version('rustc', ['--version']),
  };
}

function version(command, args) {
  try {
    return output(command, args).trim();
  } catch {
    return 'unknown';
  }
}

function fail(words) {
  console.error(`bench: ${words}`);
  process.exit(1);
}
