// Preloaded (`node -r`): at its end the process writes the names of all that it has loaded to descriptor 3.
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  const ofNode = process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule '))
    .map((name) => name.slice(13));
  writeFileSync(3, JSON.stringify({ files: Object.keys(require.cache), ofNode }));
});
