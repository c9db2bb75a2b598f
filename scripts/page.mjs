// ts/page/ to one folder: the page's script, its style and all else that it loads. `node scripts/page.mjs FOLDER`
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FROM = join(ROOT, 'ts', 'page');
const TARGET = 'es2022';
const INJECTED = { h: ['preact', 'h'], Fragment: ['preact', 'Fragment'] };

export async function buildPage(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'page.js'), await script());
  await build({
    entryPoints: [join(FROM, 'style.css')],
    outfile: join(folder, 'page.css'),
    bundle: true,
    minify: true,
    target: [TARGET],
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const name of ['page.html', 'icon.svg']) copyFileSync(join(FROM, name), join(folder, name));
  copyFileSync(join(ROOT, 'node_modules', 'preact', 'LICENSE'), join(folder, 'preact.LICENSE'));
}

/** By rolldown, whose output is smaller once it is compressed. */
async function script() {
  const bundle = await rolldown({
    input: join(FROM, 'main.tsx'),
    tsconfig: join(FROM, 'tsconfig.json'),
    // Calls with the children as arguments are shorter than those with them in an object.
    transform: { target: TARGET, jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment' }, inject: INJECTED },
    // A text that stands in one place needs no name.
    optimization: { inlineConst: { mode: 'all', pass: 3 } },
    onwarn: ({ message }) => {
      throw new Error(`the page was built with a warning: ${message}`);
    },
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true, comments: false });
  await bundle.close();
  const [{ code }] = output;
  // A script element ends there, in a file of its own too.
  if (/<\/script/i.test(code)) throw new Error('the script of the page has the end of a script element in it');
  return inAscii(code);
}

/** In strings and expressions, where alone there are others. */
function inAscii(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(process.argv[2]);
