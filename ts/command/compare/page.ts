/** A comparison as one page that shows itself: no script, nothing to load, and a policy that allows neither. In: the comparison. Out: HTML. */

import type { Change, Difference } from '../../compare/differences';
import { hashOf, policyOf } from '../../outputs/view/assets';
import type { FileKind } from '../whole-file';
import { Markup, markup } from './markup';
import { STYLE } from './style';
import {
  type Comparison,
  callersOf,
  capturesOf,
  clientOf,
  foundOf,
  limitsOf,
  measuredOf,
  presenceOf,
  WORDS,
} from './words';

/** By which a page is known that may be replaced. */
const GENERATOR = 'tcp-sniffer compare';

export const PAGES: FileKind = {
  head: new RegExp(
    `^<!doctype html>\\n<html lang="en">\\n<head>\\n<meta charset="utf-8">\\n<meta name="generator" content="${GENERATOR}">`,
  ),
  ...{ name: 'page of a comparison', field: 'html', flag: '--html' },
};

/** Less is told as this. */
const LEAST_P = 0.0001;

export function pageOf(comparison: Comparison): string {
  const policy = policyOf({ script: "'none'", style: hashOf(STYLE), image: "'none'" });
  const captures = capturesOf(comparison);
  const { differences } = comparison;
  const { text } = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${GENERATOR}">
<meta http-equiv="content-security-policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${captures.map(({ name }) => name).join(' - ')}: comparison</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>Comparison of two captures</h1>
${captures.map(captureOf)}<p><b>${foundOf(differences)}</b></p>
</header>
${differences.changes.map(changeOf)}<footer>
<ul>
${[...limitsOf(comparison)].map(itemOf)}</ul>
</footer>
</main>
</body>
</html>
`;
  return text;
}

function captureOf({ letter, name, facts }: ReturnType<typeof capturesOf>[number]): Markup {
  return markup`<section>
<h2><span>${letter}</span> <code>${name}</code></h2>
<ul>
${facts.map(itemOf)}</ul>
</section>
`;
}

function changeOf(change: Change): Markup {
  const { kind, at, p, differences } = change;
  const presence = presenceOf(change);
  const sure = p === undefined ? '' : `; probability ${probabilityOf(p)}`;
  const others = [...[clientOf(change) ?? []].flat(), ...callersOf(change)];
  return markup`<article class="${kind}">
<h2><span>${WORDS[kind]}</span> <code>${at.method || '-'} ${at.template || '-'}</code> on <code>${at.server.name}</code></h2>
${presence === undefined ? '' : markup`<p>${presence}${sure}</p>\n`}${differences.length === 0 ? '' : tableOf(differences)}${
  others.length === 0 ? '' : markup`<ul>\n${others.map(itemOf)}</ul>\n`
}</article>
`;
}

function tableOf(differences: readonly Difference[]): Markup {
  return markup`<table>
<thead><tr><th scope="col">measure</th><th scope="col">A</th><th scope="col">B</th><th scope="col">probability</th></tr></thead>
<tbody>
${differences.map(rowOf)}</tbody>
</table>
`;
}

function rowOf(difference: Difference): Markup {
  const { what, values, counts } = measuredOf(difference);
  const cells = [0, 1].map((side) => markup`<td>${values[side] ?? ''} <small>${counts[side] ?? ''}</small></td>`);
  return markup`<tr><th scope="row">${what}</th>${cells}<td>${probabilityOf(difference.p)}</td></tr>\n`;
}

function itemOf(words: string): Markup {
  return markup`<li>${words}</li>\n`;
}

/** That chance alone makes it, after the correction. */
function probabilityOf(p: number): string {
  return p < LEAST_P ? `< ${LEAST_P}` : p.toPrecision(2);
}
