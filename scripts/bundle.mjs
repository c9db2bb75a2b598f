// The modules that each run of the library, of the command, or of its display loads at once, as one file each: to find, read and compile many small
// files takes most of the time of a start. In: ts/, and a folder with what the compiler made of it. There each bundled module becomes one line, which takes it
// out of its bundle, so that later parts, tools and tests have the same module by its old name. Of packages one is bundled; the addon is not.
//   node scripts/bundle.mjs FOLDER
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = join(ROOT, 'ts');
const FOLDER = 'bundles';
/** Which modules each has, with all that these import. A module that is in one is not in those after it. Of dist/index.js Node reads the exported names. */
const BUNDLES = {
  library: ['config/index', 'config/env', 'run/deps', 'run/sniffer'],
  // With parts of a filter that metrics and the page have too.
  selection: ['exchange/selection', 'filter/grpc'],
  filter: ['filter/index'],
  command: ['command/index'],
  // Parts of it are loaded by metrics and by some outputs, which have no use for a terminal.
  exchange: [
    'exchange/endpoints',
    'exchange/findings',
    'exchange/slow',
    'exchange/times',
    'exchange/traffic',
    'losses',
  ],
  inputs: ['command/inputs/combined'],
  terminal: ['command/terminal/index'],
};
/** Loaded without any bundle too. */
const ALONE = 'version';
/** The packages that are bundled; their licences stand beside the bundles. */
export const BUNDLED = ['commander'];
/** As the compiler writes an import: at the margin, where no `require` stands that loads a part later. */
const IMPORT = /^\S.*\brequire\("(\.[^"]+)"\)/gm;
/** As it writes an export. */
const EXPORT = /\bexports\.(\w+) = /g;

export async function bundle(dist) {
  /** The bundle of each module. */
  const bundleOf = new Map();
  for (const [name, entries] of Object.entries(BUNDLES)) {
    const modules = new Set();
    for (const entry of entries) addWithImports(entry, { modules, bundleOf, dist });
    await write(name, { modules, bundleOf, dist });
    for (const module of modules) bundleOf.set(module, name);
  }
  for (const [module, name] of bundleOf) {
    const path = relative(dirname(module), join(FOLDER, name));
    writeFileSync(join(dist, `${module}.js`), `module.exports = require('./${path}').modules['${module}'];\n`);
  }
  for (const name of BUNDLED)
    copyFileSync(join(ROOT, 'node_modules', name, 'LICENSE'), join(dist, FOLDER, `${name}.LICENSE`));
}

function addWithImports(module, { modules, bundleOf, dist }) {
  if (module === ALONE || modules.has(module) || bundleOf.has(module)) return;
  modules.add(module);
  const text = readFileSync(join(dist, `${module}.js`), 'utf8');
  if (/\b__(?:dirname|filename)\b/.test(text)) throw new Error(`${module} depends on the folder that it is in`);
  for (const [, path] of text.matchAll(IMPORT))
    addWithImports(moduleAt(join(SOURCES, dirname(module), path)), { modules, bundleOf, dist });
}

/** The name of the module that an import of this path finds in ts/; `undefined` of other files. */
function moduleAt(path) {
  const file = [`${path}.ts`, join(path, 'index.ts')].find((each) => existsSync(each));
  return file && relative(SOURCES, file).slice(0, -'.ts'.length);
}

async function write(name, { modules, bundleOf, dist }) {
  await build({
    stdin: { contents: entryOf([...modules], dist), resolveDir: SOURCES },
    outfile: join(dist, FOLDER, `${name}.js`),
    bundle: true,
    absWorkingDir: SOURCES,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [
      { name: 'other-files', setup: (build) => findFiles(build, { name, modules, bundleOf, dist }) },
      { name: 'packages', setup: findPackages },
    ],
  });
}

/** All modules as plain objects, and not as esbuild makes them: it takes long to define a getter for each export. */
function entryOf(modules, dist) {
  const imports = modules.map((module, at) => `import * as module${at} from './${module}';`);
  const members = modules.map((module, at) => {
    const names = exportsOf(module, dist).map((each) => `${each}: module${at}.${each}`);
    return `'${module}': { ${names} },`;
  });
  return `${imports.join('\n')}\nexport const modules = {\n${members.join('\n')}\n};\n`;
}

function exportsOf(module, dist) {
  const text = readFileSync(join(dist, `${module}.js`), 'utf8');
  return [...new Set([...text.matchAll(EXPORT)].map(([, name]) => name))];
}

/** Modules of the bundle from ts/. The exports of a module of an earlier bundle become variables here. */
function findFiles({ onResolve, onLoad }, { name, modules, bundleOf, dist }) {
  onResolve({ filter: /^\./ }, ({ path, kind, resolveDir, namespace }) => {
    if (namespace === 'bundle') return { path, external: true };
    if (!resolveDir.startsWith(SOURCES)) return undefined;
    const file = join(resolveDir, path);
    const module = moduleAt(file);
    if (modules.has(module)) {
      // It would become a function, and with it all that it imports.
      if (kind === 'require-call') throw new Error(`${name}: ${module} is loaded with it anyway: import it`);
      return { path: join(SOURCES, `${module}.ts`) };
    }
    if (bundleOf.has(module) && kind !== 'require-call') return { path: module, namespace: 'bundled' };
    return { path: `./${relative(FOLDER, module ?? relative(SOURCES, file))}`, external: true };
  });
  onLoad({ filter: /./, namespace: 'bundled' }, ({ path }) => ({
    contents: `import { modules } from '${bundleOf.get(path)}';
      export const { ${exportsOf(path, dist)} } = modules['${path}'];`,
  }));
  onResolve({ filter: /./, namespace: 'bundled' }, ({ path }) => ({ path, namespace: 'bundle' }));
  onLoad({ filter: /./, namespace: 'bundle' }, ({ path }) => ({
    contents: `export const { modules } = require('./${path}');`,
  }));
}

function findPackages({ onResolve, onLoad }) {
  onResolve({ filter: /^[^.]/ }, ({ path, resolveDir }) => {
    // Commander has it for commands that are programs of their own.
    if (path === 'node:child_process' && !resolveDir.startsWith(SOURCES)) return { path, namespace: 'unused' };
    return BUNDLED.includes(path) ? undefined : { path, external: true };
  });
  onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(process.argv[2]);
