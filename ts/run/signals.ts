/**
 * SIGTERM and SIGINT, for the command, the injector and a sniffer that handles signals: the first one stops, a second one
 * ends at once. Knows nothing of sniffers.
 */

import type { Log } from '../logger';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Of the command: its terminal went away (`signal(7)`). */
const COMMAND_SIGNALS = [...SIGNALS, 'SIGHUP'] as const;
type StopSignal = (typeof COMMAND_SIGNALS)[number];

/**
 * One Ctrl-C or `timeout(1)` may come twice: to the process, and to its group, or from npm, which hands it on. So long a first
 * signal waits for the same signal. A person who means two takes longer.
 */
export const SAME_SIGNAL_MS = 100;

/** Calls `handle` for each of them, with true if it is not the first; returns how to take the handlers off. */
export function onSignals(
  handle: (signal: StopSignal, again: boolean) => void,
  signals: readonly StopSignal[] = SIGNALS,
): () => void {
  let first: { signal: StopSignal; timer: NodeJS.Timeout } | undefined;
  let handled = false;
  const handleFirst = (): void => {
    if (first === undefined || handled) return;
    handled = true;
    clearTimeout(first.timer);
    handle(first.signal, false);
  };
  const take = (signal: StopSignal): void => {
    if (first === undefined) {
      first = { signal, timer: setTimeout(handleFirst, SAME_SIGNAL_MS) };
      return;
    }
    if (!handled && signal === first.signal) return;
    // The shell and the kernel each say that a terminal went away; neither is in a hurry.
    if (signal === 'SIGHUP') return;
    handleFirst();
    handle(signal, true);
  };
  const handlers = signals.map((signal) => [signal, () => take(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
    // It had a receiver, also if what it stops ends by itself now.
    handleFirst();
  };
}

/** With SIGHUP, which a library leaves to its host. */
export function onCommandSignals(handle: (signal: StopSignal, again: boolean) => void): () => void {
  return onSignals(handle, COMMAND_SIGNALS);
}

/** Node opens its inspector at SIGUSR1, which lets others run code in this process; a listener keeps it from that. */
export function refuseInspector(): void {
  process.on('SIGUSR1', () => {});
}

interface StopOptions {
  log: Pick<Log, 'info' | 'error'>;
  /** The loss if a second signal comes, in words. */
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
