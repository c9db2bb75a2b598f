// The ends of requests are kept for their connection: what is kept must never be told of another request.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NAMES, packed } from './packed';

const ENDS = ['192.0.2.1', '192.0.2.2', '2001:db8::1'];
const message = fc.record({
  connection: fc.constantFrom('1', '2', '12345678901234'),
  client: fc.constantFrom(...ENDS),
  server: fc.constantFrom(...ENDS),
  port: fc.constantFrom(80, 8080),
  httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
  path: fc.constantFrom('/', '/x?y', 'http://other.test:81/', '*'),
  headers: fc.dictionary(
    fc.constantFrom('host', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'),
    fc.constantFrom('', 'a.test', 'b.test:82', 'for=192.0.2.9;host=c.test', '192.0.2.7'),
  ),
  proxied: fc.option(fc.constantFrom(...ENDS), { nil: undefined }),
});

const exchangeOf = (
  { connection, client, server, port, proxied, ...rest }: Record<string, unknown>,
  n: number,
): object[] => {
  const common = {
    id: `${connection}.${n}`,
    timestamp: '2024-05-17T08:30:00.002Z',
    receiver: { ip: server, port },
    destination: { ip: client, port: 4_000 },
  };
  const from =
    proxied === undefined ? {} : { proxied: { source: { ip: proxied, port: 9 }, destination: { ip: server, port } } };
  return [
    { ...common, direction: 'request', method: 'GET', ...rest, ...from },
    { ...common, direction: 'response', statusCode: 200, latencyMs: 1, request: { method: 'GET', path: '/wrong' } },
  ];
};

it.each(NAMES)('each span says what it would say alone: %s', (name) => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), fc.boolean(), (messages, atOnce) => {
      const exchanges = messages.map(exchangeOf);
      const together = packed(name);
      // In one batch, or each request long before its response.
      if (atOnce) together.add(...exchanges.flat());
      else for (const half of [0, 1]) for (const exchange of exchanges) together.add(exchange[half] as object);
      const spans = together.requests().flatMap((request) => request.spans);
      const alone = exchanges.map((exchange) => {
        const one = packed(name);
        one.add(...exchange);
        return one.requests()[0]?.spans[0];
      });
      expect(spans.map(({ attributes, name: called }) => [called, attributes])).toEqual(
        alone.map((span) => [span?.name, span?.attributes]),
      );
    }),
    { numRuns: 200 },
  );
});
