// node every-savefile.cjs FOLDER: as many messages from every savefile of its index.json as stand there.
const { readFileSync } = require('node:fs');
const { once } = require('node:events');
const { join } = require('node:path');
const { createSniffer } = require('tcp-sniffer');

async function main(folder) {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  for (const { name, file, ports, options, messages } of index) {
    let seen = 0;
    const sniffer = createSniffer({ ports, ...options, pcapFile: join(folder, file), logLevel: 'silent' });
    sniffer.on('message', () => {
      seen += 1;
    });
    const ended = once(sniffer, 'end');
    await sniffer.start();
    await ended;
    if (seen !== messages) throw new Error(`${name}: ${seen} messages and not ${messages}`);
  }
  console.log(`${index.length} savefiles`);
}

main(process.argv[2]);
