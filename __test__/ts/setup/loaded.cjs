// Preloaded (`node -r`): at its end the process writes the names of all that it has loaded to descriptor 3; of a bundle those of its modules.
const { writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');

process.on('exit', () => {
  const files = Object.entries(require.cache).flatMap(([file, { exports }]) => {
    const folder = dirname(file);
    if (basename(folder) !== 'bundles') return file;
    return Object.keys(exports.modules).map((name) => join(folder, '..', `${name}.js`));
  });
  const ofNode = process.moduleLoadList
    .filter((name) => name.startsWith('NativeModule '))
    .map((name) => name.slice(13));
  writeFileSync(3, JSON.stringify({ files, ofNode }));
});
