/** How the page of a comparison looks: in the light, in the dark, in a narrow window, on paper. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1f2328, #e2e5ea);
  --quiet: light-dark(#59636e, #9aa4b2);
  --back: light-dark(#ffffff, #14171c);
  --line: light-dark(#d1d9e0, #343b45);
  --accent: light-dark(#0b5cd6, #6cb0ff);
  --good: light-dark(#0f7334, #63c985);
  --warn: light-dark(#8a5200, #e0a84a);
  --bad: light-dark(#b91c1c, #ff8983);
  font: 14px / 1.5 system-ui, sans-serif;
  color: var(--text);
  background: var(--back);
}
body { margin: 0; }
main { max-width: 60rem; margin: auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; margin: 0 0 0.5rem; }
h2 { font-size: 1rem; margin: 0.5rem 0; font-weight: normal; }
h2 span { font-weight: bold; margin-right: 0.4rem; color: var(--kind, inherit); }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.95em; white-space: pre-wrap; }
ul { margin: 0.3rem 0; padding-left: 1.3rem; }
article { border-left: 4px solid var(--kind); padding: 0.1rem 0 0.1rem 0.8rem; margin: 1.2rem 0; break-inside: avoid; }
.failing { --kind: var(--bad); }
.slower, .vanished { --kind: var(--warn); }
.changed, .new { --kind: var(--accent); }
.better { --kind: var(--good); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: normal; }
thead th, small, footer { color: var(--quiet); }
footer { border-top: 1px solid var(--line); margin-top: 1.5rem; padding-top: 0.5rem; }
@media print {
  :root { color-scheme: only light; font-size: 11px; }
  main { max-width: none; padding: 0; }
}
`;
