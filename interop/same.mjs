// Two runs over the same packets show the same messages. Ids and times are a run's own; that requests and responses belong
// together is looked at in each run (compare.mjs).
import { idIn } from './compare.mjs';

const LEFT_OUT_WHERE_CODED = { body: undefined, bodyEncoding: undefined, bodyDecoded: undefined };

/** The messages by connection and direction, in which their order is that of the stream. */
function streams(messages) {
  const streams = new Map();
  for (const message of messages) {
    const { id, timestamp, latencyMs, durationMs, stallMs, waitMs, ...same } = message;
    // How much of what was cut came before the reset is a race of two processors, and each capture sees its own end of it.
    if (message.bodyTruncated) Object.assign(same, { body: undefined, bodySize: undefined });
    // Which bodies are left coded is a matter of the moment (losses.mjs).
    if (message.headers['content-encoding']) Object.assign(same, LEFT_OUT_WHERE_CODED);
    const stream = `${message.destination.port} ${message.receiver.port} ${message.direction}`;
    if (!streams.has(stream)) streams.set(stream, []);
    streams.get(stream).push({ text: JSON.stringify(same), about: idIn(message.path ?? message.request?.path) });
  }
  return streams;
}

const shortened = (value) => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';

/** The fields in which two messages differ, the first few characters of each. */
function difference(a, b) {
  if (a === undefined || b === undefined) return `${a ? '--read' : 'live'} lacks ${(a ?? b).text.slice(0, 200)}`;
  const [one, other] = [JSON.parse(a.text), JSON.parse(b.text)];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  const differing = [...names].filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
  return differing.map((name) => `${name} ${shortened(one[name])} / ${shortened(other[name])}`).join(', ');
}

/** The first message of each stream that one run shows and the other does not, as complaints: `{ id, text }`. */
export function differences(live, read) {
  const [ofLive, ofRead] = [streams(live), streams(read)];
  const complaints = [];
  for (const stream of new Set([...ofLive.keys(), ...ofRead.keys()])) {
    const [a, b] = [ofLive.get(stream) ?? [], ofRead.get(stream) ?? []];
    const longer = a.length < b.length ? b : a;
    const at = longer.findIndex((_, index) => a[index]?.text !== b[index]?.text);
    if (at < 0) continue;
    complaints.push({ id: (a[at] ?? b[at]).about, text: `live and --read differ: ${difference(a[at], b[at])}` });
  }
  return complaints;
}
