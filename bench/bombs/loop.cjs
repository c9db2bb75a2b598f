// Loaded before a program (`node --require`): at its end a line on stderr, {loopP99Ms, peakMib}. The delays of the event loop count from
// two seconds on, since all that loads its modules is busy before.
const { readFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

const LOADED_MS = 2_000;
/** Each delay holds this wait as well. */
const RESOLUTION_MS = 1;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
setTimeout(() => delays.reset(), LOADED_MS).unref();
process.on('exit', () => {
  const [, kib] = /^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const loopP99Ms = delays.percentile(99) / 1e6;
  process.stderr.write(`${JSON.stringify({ loopP99Ms, peakMib: Number(kib) / 1024 })}\n`);
});
