// For `node --require`: a process in which the client of Kafka is not installed.
const Module = require('node:module');

const find = Module._resolveFilename;
Module._resolveFilename = (name, ...others) => {
  if (name === '@platformatic/kafka') throw new Error(`no ${name}`);
  return find(name, ...others);
};
