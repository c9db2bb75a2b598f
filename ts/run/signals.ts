/**
 * SIGTERM and SIGINT, for the command, the injector and a sniffer that handles signals: the first one stops, a second one
 * ends at once. Knows nothing of sniffers.
 */

import type { Log } from '../logger';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
export type StopSignal = (typeof SIGNALS)[number];

/** Calls `handle` for each of them, with true if it is not the first; returns how to take the handlers off. */
export function onSignals(handle: (signal: StopSignal, again: boolean) => void): () => void {
  let count = 0;
  const handlers = SIGNALS.map((signal) => [signal, () => handle(signal, count++ > 0)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

export interface StopOptions {
  log: Pick<Log, 'info' | 'error'>;
  /** What is lost if a second signal comes. */
  loses?: string;
  /** The first signal came. */
  stop(signal: StopSignal): void;
  /** A second signal came: the stop is not waited for. */
  end(signal: StopSignal): void;
  /** In place of the process's own signals. */
  listen?: typeof onSignals;
}

/** Returns how to take the handlers off. */
export function stopOnSignals({ log, loses, stop, end, listen = onSignals }: StopOptions): () => void {
  return listen((signal, again) => {
    if (again) {
      if (loses === undefined) log.info({ signal }, 'second signal: ending at once');
      else log.error({ signal }, `second signal: ending at once, ${loses}`);
      end(signal);
    } else {
      log.info({ signal }, 'signal received: stopping');
      stop(signal);
    }
  });
}

/** The signal takes the course it would have taken without us; others who listen to it have heard it already. */
export function passOn(signal: StopSignal): void {
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
