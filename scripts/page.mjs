// ts/page/ to one folder: the page's script, its style and all else that it loads. `node scripts/page.mjs FOLDER`
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FROM = join(ROOT, 'ts', 'page');

export async function buildPage(folder) {
  mkdirSync(folder, { recursive: true });
  const { warnings } = await build({
    entryPoints: [
      { in: join(FROM, 'main.tsx'), out: 'page' },
      { in: join(FROM, 'style.css'), out: 'page' },
    ],
    entryNames: '[name]',
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(FROM, 'tsconfig.json'),
    // A script element ends there, in a file of its own too.
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  if (warnings.length > 0) throw new Error('the page was built with warnings');
  for (const name of ['page.html', 'icon.svg']) copyFileSync(join(FROM, name), join(folder, name));
  copyFileSync(join(ROOT, 'node_modules', 'preact', 'LICENSE'), join(folder, 'preact.LICENSE'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(process.argv[2]);
