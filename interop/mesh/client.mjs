// A client: node client.mjs CASES, where CASES is JSON: [{ name, url, h2c, holds }]. Of each case it asks for all over one connection,
// one after another, and writes a line for each: what it asked and got, and how long that took by its own clock.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, constants } from 'node:http2';
import { text } from 'node:stream/consumers';

const LIMIT_MS = 20_000;

function overHttp1({ url }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    async ask(method, path, body) {
      const asked = request(`${url}${path}`, { method, agent, signal: AbortSignal.timeout(LIMIT_MS) });
      asked.end(body);
      const [response] = await once(asked, 'response');
      return {
        after: performance.now(),
        status: response.statusCode,
        headers: response.headers,
        body: await text(response),
      };
    },
    end: () => agent.destroy(),
  };
}

function overHttp2({ url }) {
  const session = connect(url);
  const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants;
  return {
    async ask(method, path, body) {
      const stream = session.request(
        { [HTTP2_HEADER_METHOD]: method, [HTTP2_HEADER_PATH]: path },
        { endStream: false },
      );
      stream.setTimeout(LIMIT_MS, () => stream.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
      stream.end(body);
      const [headers] = await once(stream, 'response');
      return { after: performance.now(), status: headers[HTTP2_HEADER_STATUS], headers, body: await text(stream) };
    },
    end: () => session.close(),
  };
}

for (const one of JSON.parse(process.argv[2])) {
  const connection = (one.h2c ? overHttp2 : overHttp1)(one);
  let count = 0;
  for (const hold of one.holds) {
    count += 1;
    const path = `/${one.name}/${count}?hold=${hold}`;
    const [method, body] = count % 2 === 0 ? ['POST', `sent by ${one.name} ${count}`] : ['GET', ''];
    const before = performance.now();
    const record = { case: one.name, method, path, sent: body };
    try {
      const { after, status, headers, body: got } = await connection.ask(method, path, body);
      console.log(JSON.stringify({ ...record, status, ms: after - before, got: headers['x-got'], body: got }));
    } catch (error) {
      console.log(JSON.stringify({ ...record, error: error.cause?.message ?? error.message }));
    }
  }
  connection.end();
}
