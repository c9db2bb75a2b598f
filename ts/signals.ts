/** SIGTERM and SIGINT: who asked, and how often. Knows nothing of sniffers. */

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
export type StopSignal = (typeof SIGNALS)[number];

/** Calls `handle` for each of them, with whether it is not the first; returns how to take the handlers off. */
export function onSignals(handle: (signal: StopSignal, again: boolean) => void): () => void {
  let count = 0;
  const handlers = SIGNALS.map((signal) => [signal, () => handle(signal, count++ > 0)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/** The signal takes the course it would have taken without us; others who listen to it have heard it already. */
export function passOn(signal: StopSignal): void {
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
