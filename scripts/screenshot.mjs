// docs/terminal.svg: what the command shows in a terminal of 80 columns, from a real run over fixtures/shop.pcap. Part of
// `npm run docs`. The terminal is what script(1) opens.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ARGUMENTS = '--ports 8080 --read capture.pcap --log-level warn';
const COLUMNS = 80;

/** A cell of the picture, and the border, in pixels. */
const CELL = { width: 8.4, height: 18, baseline: 13 };
const BORDER = 14;
const BACKGROUND = '#16181d';
const PLAIN = '#d5d8de';
/** SGR 31–36 (ECMA-48 §8.3.117). */
const COLORS = { 31: '#f07178', 32: '#9ccc65', 33: '#ffcb6b', 34: '#82aaff', 35: '#c792ea', 36: '#4dd0e1' };
/** Select graphic rendition: what a terminal's colours are made of. */
const ESC = String.fromCharCode(27);
const SGR = new RegExp(`${ESC}\\[([\\d;]*)m`);
const ERASE = new RegExp(`${ESC}\\[\\d*K`, 'g');
const NO_STYLE = { fill: PLAIN, bold: false, dim: false };

function screenOf(command, folder) {
  const { stdout, status } = spawnSync('script', ['-qec', `stty cols ${COLUMNS} rows 50; ${command}`, '/dev/null'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TERM: 'xterm-256color', TZ: 'UTC', LANG: 'C.UTF-8', NO_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the command ended with ${status}: ${stdout}`);
  const lines = stdout.replaceAll('\r\n', '\n').trimEnd().split('\n');
  // A progress that was written over; it comes where the machine is slow.
  return lines.map((line) => line.slice(line.lastIndexOf('\r') + 1).replace(ERASE, ''));
}

function styled(style, code) {
  if (code === '' || code === '0') return NO_STYLE;
  if (code === '1') return { ...style, bold: true };
  if (code === '2') return { ...style, dim: true };
  if (code === '22') return { ...style, bold: false, dim: false };
  if (code === '39') return { ...style, fill: PLAIN };
  return code in COLORS ? { ...style, fill: COLORS[code] } : style;
}

/** A line as pieces of one style each and without wide gaps, with the column where each begins. */
function piecesOf(line) {
  let style = NO_STYLE;
  let column = 0;
  return line.split(SGR).flatMap((part, index) => {
    if (index % 2 === 1) {
      for (const code of part.split(';')) style = styled(style, code);
      return [];
    }
    const begin = column;
    column += [...part].length;
    return [...part.matchAll(/\S+(?: \S+)*/g)].map((found) => ({
      ...style,
      column: begin + [...part.slice(0, found.index)].length,
      text: found[0],
    }));
  });
}

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);

/** Each piece has its place and its length, so that columns stand in line whatever font there is. */
function textElement({ column, text, fill, bold, dim }, row) {
  const x = (BORDER + column * CELL.width).toFixed(1);
  const y = BORDER + row * CELL.height + CELL.baseline;
  const length = ([...text].length * CELL.width).toFixed(1);
  const weight = bold ? ' font-weight="bold"' : '';
  const opacity = dim ? ' opacity="0.65"' : '';
  return `<text x="${x}" y="${y}" textLength="${length}" fill="${fill}"${weight}${opacity}>${escaped(text)}</text>`;
}

function svgOf(lines) {
  const width = Math.ceil(COLUMNS * CELL.width + 2 * BORDER);
  const height = lines.length * CELL.height + 2 * BORDER;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    '  font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14">',
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    ...lines.flatMap((line, row) => piecesOf(line).map((piece) => textElement(piece, row))),
    '</svg>\n',
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-screen-'));
try {
  copyFileSync(join(ROOT, 'fixtures/shop.pcap'), join(folder, 'capture.pcap'));
  const screen = screenOf(`'${process.execPath}' '${join(ROOT, 'dist/cli.js')}' ${ARGUMENTS}`, folder);
  const prompt = `${ESC}[32m$${ESC}[0m ${ESC}[1mnpx tcp-sniffer ${ARGUMENTS}${ESC}[0m`;
  writeFileSync(join(ROOT, 'docs/terminal.svg'), svgOf([prompt, ...screen]));
} finally {
  rmSync(folder, { recursive: true });
}
