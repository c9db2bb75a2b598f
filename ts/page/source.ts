/** Where rows and exchanges come from: a server, or the file that holds them. */

import { parseFilter } from '../filter';
import type { Capture, Lines, Match, Matches, Rows, State } from '../outputs/view/shapes';
import { exchangeOf } from './exchange';
import { rangesOf } from './ranges';
import type { Store } from './store';

export class Gone extends Error {}

export interface Source {
  /** False: there is no more than is there, and nothing to ask. */
  readonly isLive: boolean;
  /** @throws {Gone} */
  exchange(n: number): Promise<Lines>;
  /** Which exchanges an expression is true of that asks for messages. */
  match(match: Match): Promise<Matches>;
  pause(): void;
  resume(): void;
  /** Of the exchanges with these numbers. */
  har?(ns: readonly number[]): Promise<Blob>;
  packets?(ns: readonly number[]): Promise<Blob>;
}

/** A file of its own: the data stands in it. */
export function fromFile(text: string, store: Store): Source {
  const { rows, state, lines } = JSON.parse(text) as Capture;
  store.add(rows);
  store.tell({ state, connection: 'ended' });
  return {
    isLive: false,
    exchange: async (n) => {
      const found = Object.hasOwn(lines, n) ? lines[String(n)] : undefined;
      if (found === undefined) throw new Gone();
      return found;
    },
    match: async ({ expression }) => {
      const { matches } = parseFilter(expression);
      const matched = rows.map(({ n }) => n).filter((n) => lines[n] !== undefined && matches(exchangeOf(lines[n])));
      return { version: 0, matched, others: [], more: false };
    },
    pause: () => {},
    resume: () => {},
  };
}

const TRY_AGAIN_MS = 5_000;

/** A connection that the page in the background does not need: browsers have six for all tabs of one host. */
export function fromServer(store: Store): Source {
  let events: EventSource | undefined;
  let after = 0;
  let isPaused = false;
  const connect = (): void => {
    if (events !== undefined || isPaused || document.hidden) return;
    if (store.connection === 'ended') return;
    events = new EventSource(`/feed?after=${after}`);
    events.onopen = () => store.tell({ connection: 'live' });
    events.onmessage = ({ data, lastEventId }) => {
      after = Number(lastEventId);
      store.add((JSON.parse(data) as Rows).rows);
    };
    events.addEventListener('state', ({ data }) => {
      const state = JSON.parse(data) as State;
      if (store.state !== undefined && store.state.run !== state.run) location.reload();
      store.tell({ state });
      if (state.ended) {
        store.tell({ connection: 'ended' });
        // No rows come after this state.
        disconnect();
      }
    });
    events.onerror = () => {
      const isClosed = events?.readyState === EventSource.CLOSED;
      store.tell({ connection: isClosed ? 'closed' : 'connecting' });
      if (!isClosed) return;
      // The browser itself tries no more.
      disconnect();
      setTimeout(connect, TRY_AGAIN_MS);
    };
  };
  const disconnect = (): void => {
    events?.close();
    events = undefined;
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
  connect();
  return {
    isLive: true,
    exchange: async (n) => {
      const answer = await fetch(`/exchange?n=${n}`);
      if (answer.status === 404) throw new Gone();
      if (!answer.ok) throw new Error(String(answer.status));
      return (await answer.json()) as Lines;
    },
    match: async (match) => (await post('/match', match)).json() as Promise<Matches>,
    pause: () => {
      isPaused = true;
      disconnect();
      store.tell({ connection: 'paused' });
    },
    resume: () => {
      isPaused = false;
      store.tell({ connection: 'connecting' });
      connect();
    },
    har: async (ns) => (await post('/har', rangesOf(ns))).blob(),
    packets: async (ns) => (await post('/packets', rangesOf(ns))).blob(),
  };
}

async function post(path: string, content: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(content) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}
