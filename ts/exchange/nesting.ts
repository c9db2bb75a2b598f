/**
 * Which exchanges waited for which others. In: exchanges as they end. An exchange that a server had as a client, within the
 * time of an exchange that it answered itself, is a call of that exchange: that is how a chain of services looks from outside.
 * The result is right on average, not for each exchange: calls of exchanges that run side by side may be taken for each other's.
 */

import type { RouteStats } from './route-stats';

/** Exchanges that may still be found to be calls. */
const MAX_RECENT = 512;
/** Clients that are remembered; more of them are no services that call each other. */
const MAX_CLIENTS = 4_096;
/** Times of messages are in whole milliseconds. */
const SLACK_MS = 1;

export interface Ended {
  stats: RouteStats;
  /** To tell servers apart. */
  server: object;
  serverIp: string;
  clientIp: string;
  startMs: number;
  /** When its response began. */
  endMs: number;
  /** When its response was over: exchanges come in this order. */
  overMs: number;
  waitMs: number;
  failed: boolean;
}

interface Recent extends Ended {
  /** It is a call that has found its exchange. */
  isFound: boolean;
}

export class Nesting {
  /** A ring. The objects stay, with the values of later exchanges, so that exchanges leave no garbage. */
  readonly #recent: Recent[] = [];
  #next = 0;
  readonly #clients = new Set<string>();

  /** Keeps the values, not the object. */
  add(ended: Ended): void {
    if (this.#clients.has(ended.serverIp)) this.#findCalls(ended);
    if (this.#clients.size < MAX_CLIENTS) this.#clients.add(ended.clientIp);
    const oldest = this.#recent[this.#next];
    if (oldest === undefined) this.#recent.push(recentOf(ended));
    else overwrite(oldest, ended);
    this.#next = (this.#next + 1) % MAX_RECENT;
  }

  #findCalls(outer: Ended): void {
    const found = new Map<RouteStats, { calls: number; failed: number; waitMs: number }>();
    for (let back = 1; back <= MAX_RECENT; back++) {
      const at = (this.#next - back + MAX_RECENT) % MAX_RECENT;
      const inner = this.#recent[at];
      // All that there are.
      if (inner === undefined) break;
      if (inner.isFound) continue;
      if (inner.overMs < outer.startMs - SLACK_MS) break;
      if (inner.clientIp !== outer.serverIp || inner.server === outer.server) continue;
      if (inner.startMs < outer.startMs - SLACK_MS || inner.endMs > outer.endMs + SLACK_MS) continue;
      inner.isFound = true;
      const stats = inner.stats.current;
      const mine = found.get(stats) ?? { calls: 0, failed: 0, waitMs: 0 };
      mine.calls++;
      mine.waitMs += inner.waitMs;
      if (inner.failed) mine.failed++;
      found.set(stats, mine);
    }
    for (const [stats, { calls, failed, waitMs }] of found) {
      const all = outer.stats.callsTo(stats);
      all.exchanges++;
      all.calls += calls;
      // Calls at one time keep it waiting once; on one host they may as well be others'.
      all.waitMs += Math.min(waitMs, outer.waitMs);
      if (!outer.failed || failed === 0) continue;
      all.failed++;
      all.failedCalls += calls;
    }
  }
}

function recentOf({ stats, server, serverIp, clientIp, startMs, endMs, overMs, waitMs, failed }: Ended): Recent {
  return { stats, server, serverIp, clientIp, startMs, endMs, overMs, waitMs, failed, isFound: false };
}

function overwrite(recent: Recent, ended: Ended): void {
  recent.stats = ended.stats;
  recent.server = ended.server;
  recent.serverIp = ended.serverIp;
  recent.clientIp = ended.clientIp;
  recent.startMs = ended.startMs;
  recent.endMs = ended.endMs;
  recent.overMs = ended.overMs;
  recent.waitMs = ended.waitMs;
  recent.failed = ended.failed;
  recent.isFound = false;
}
