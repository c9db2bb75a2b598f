/** Help for a live capture that sees nothing on its ports: the ports that are listened on here. Said once. */

import { portRanges } from '../filter/ports';
import type { Log } from '../logger';
import { type Listener, listenersHere } from './listening';

/** For a terminal; a log has it at the end. */
export const HINT_AFTER_MS = 10_000;
/** Of a line. */
const MAX_SHOWN = 12;

interface HintOptions {
  ports: readonly number[];
  /** The interface that was asked for; empty: the first that is up and no loopback. */
  interface: string;
  /** TCP with one of the ports that has come so far. */
  segments(): number;
  log: Log;
  listeners?: () => Listener[];
}

export class PortsHint {
  readonly #options: HintOptions;
  #isSaid = false;

  constructor(options: HintOptions) {
    this.#options = options;
  }

  /** Says nothing if something has come, or nothing better is known. */
  say(): void {
    const { segments, listeners = listenersHere, ports } = this.#options;
    if (this.#isSaid || segments() > 0) return;
    const found = listeners();
    const ours = found.filter(({ port }) => ports.includes(port));
    if (ours.length > 0) {
      if (this.#seesLoopback()) return;
      const words = ours.every(({ isLoopback }) => isLoopback)
        ? 'their programs listen on loopback addresses alone; --interface lo'
        : 'requests of this machine to itself pass lo; --interface lo, or any';
      this.#warn({}, `nothing came with one of the ports, and ${words}`);
    } else if (found.length > 0) {
      const shown = found.slice(0, MAX_SHOWN).map(nameOf);
      const more = found.length - shown.length;
      const listening = more > 0 ? [...shown, `and ${more} more`] : shown;
      this.#warn({ listening }, 'nothing came with one of the ports; programs here listen on others');
    }
  }

  #warn(fields: object, words: string): void {
    const { ports, log } = this.#options;
    this.#isSaid = true;
    log.warn({ ports: portRanges(ports), code: 'NOTHING_ON_PORTS', ...fields }, words);
  }

  #seesLoopback(): boolean {
    return ['lo', 'any'].includes(this.#options.interface);
  }
}

function nameOf({ port, program, isLoopback, isUsed }: Listener): string {
  const words = [program, isLoopback ? 'on lo' : undefined, isUsed ? 'with connections' : undefined]
    .filter(Boolean)
    .join(', ');
  return words === '' ? String(port) : `${port} (${words})`;
}
