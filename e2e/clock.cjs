// Loaded before the injector: its clock is ahead by as many ms as the file CLOCK_FILE says, so that waiting takes no time.
const { readFileSync } = require('node:fs');

const now = Date.now;
Date.now = () => now() + Number(readFileSync(process.env.CLOCK_FILE, 'utf8'));
