// Loaded before a program (`node --require`): at its end a line on stderr, {jsSeconds}, the time that its JS thread had on a processor. Node
// tells only that of all threads together. proc(5), schedstat: nanoseconds on the processor first.
const { readFileSync } = require('node:fs');

process.on('exit', () => {
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
  process.stderr.write(`${JSON.stringify({ jsSeconds: Number(nanoseconds) / 1e9 })}\n`);
});
