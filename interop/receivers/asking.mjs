// The rows that a receiver holds.
import { setTimeout as sleep } from 'node:timers/promises';

const FLUSHED_MS = 15_000;

/** The members that a receiver of whole messages has to hold as stdout shows them. */
export const MESSAGE = ['id', 'direction', 'timestamp', 'path', 'statusCode', 'body', 'latencyMs'];

const linesIn = (text) => text.split('\n').filter((line) => line !== '');
export const jsonLines = (text) => linesIn(text).map((line) => JSON.parse(line));
/** Of what is still being written. */
export const wholeLinesOf = (text) => text.slice(0, text.lastIndexOf('\n') + 1);

/** Asks until there are so many rows, or for FLUSHED_MS. */
export async function until(count, ask) {
  for (const deadline = Date.now() + FLUSHED_MS; ; await sleep(200)) {
    const rows = await ask();
    if (rows.length >= count || Date.now() > deadline) return rows;
  }
}

export async function post(url, body, headers) {
  const response = await fetch(url, { method: 'POST', body, headers });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${answer.slice(0, 500)}`);
  return answer;
}
