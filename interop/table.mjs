// The results as a table of servers and clients, then what is to be complained of, then one closing line.

const MAX_COMPLAINTS_SHOWN = 8;

const failedIn = ({ complaints }) => new Set(complaints.map(({ id }) => id)).size;

/** How many exchanges a pair had; where some failed, how many of them. */
function cellText(cell) {
  if (cell === undefined) return '';
  const failed = failedIn(cell);
  return failed > 0 ? `${failed} of ${cell.exchanges.length} failed` : String(cell.exchanges.length);
}

/** `results`: `{ server, cells, others }` each, or `{ server, skipped }`. */
export function table(results, clients) {
  const rows = results.map(({ server, skipped, cells = [] }) => [
    server,
    ...(skipped ? [skipped] : clients.map((client) => cellText(cells.find((cell) => cell.client === client)))),
  ]);
  const head = ['', ...clients];
  // A word on why a server was left out takes the row and no column.
  const widths = head.map((name, column) =>
    Math.max(
      name.length,
      ...rows.filter((row) => row.length === head.length || column === 0).map((row) => row[column].length),
    ),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function* firstOf(texts, whose) {
  for (const text of texts.slice(0, MAX_COMPLAINTS_SHOWN)) yield `${whose}: ${text}`;
  const more = texts.length - MAX_COMPLAINTS_SHOWN;
  if (more > 0) yield `${whose}: and ${more} more`;
}

function* complaintsOf({ server, cells = [], others = [] }) {
  yield* firstOf(others, server);
  for (const { client, complaints } of cells)
    yield* firstOf(
      complaints.map(({ text }) => text),
      `${server}, ${client}`,
    );
}

export const complaints = (results) => results.flatMap((result) => [...complaintsOf(result)]);

/** Exchanges that came out right, and those that did not; what belongs to no exchange counts as one. */
export function tally(results) {
  const cells = results.flatMap((result) => result.cells ?? []);
  const all = cells.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
  const inCells = cells.reduce((sum, cell) => sum + failedIn(cell), 0);
  const others = results.reduce((sum, result) => sum + (result.others?.length ?? 0), 0);
  return { passed: Math.max(0, all - inCells), failed: inCells + others };
}
