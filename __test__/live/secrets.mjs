// A savefile full of secrets, each of which begins with `hunter2`: `secrets.mjs FILE`.
import { writeFileSync } from 'node:fs';
import { request, response } from '../../fixtures/make/http.mjs';
import { Tape } from '../../fixtures/make/tape.mjs';

const headers = [
  ['Host', 'example.test'],
  ['Authorization', 'Bearer hunter2-header'],
  ['Cookie', 'session=hunter2-cookie'],
];
const asked = request('POST', '/login?token=hunter2-query', { headers, body: 'hunter2-body' });
const tape = new Tape({});
tape
  .connection()
  .open()
  .exchange(asked, response(200, 'OK', { body: 'hunter2-answer' }))
  .close();
// A request, and an answer that is broken in its head: that is logged, without a word of it.
const connection = tape.connection({ client: '192.0.2.11:40002' }).open().send(asked);
const lines = [
  'HTTP/1.1 200 OK',
  'Set-Cookie: hunter2-set',
  'Content-Length: 5',
  'Content-Length: 6',
  '',
  'hunter2-rest',
];
connection.put(connection.write('server', Buffer.from(lines.join('\r\n'))));
writeFileSync(process.argv[2], tape.toSavefile());
