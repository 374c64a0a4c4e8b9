// The corpus of requests again, inside decrypted connections, where targets are
// paths. What is about other forms of targets and about Host is left out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { rawInside } from './lib/client.mjs';
import { corpus } from './lib/corpus.mjs';
import { checkSample, startRecorder, wrongOf } from './lib/recorder.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const otherForms = [37, 38, 39, 40, 41, 42];

scenario('corpora-inside', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all', limits: { request_ms: 1000, idle_ms: 1000, response_ms: 3000 } } });
  const recorder = await startRecorder(place, u.certificate);
  await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${recorder.port}` });
  const host = `${names.allowed}:${recorder.port}`;
  const tls = { servername: names.allowed, ca: readFileSync(u.ca.certificate, 'utf8') };
  const send = (bytes, options) => rawInside(u.gateway.port, host, tls, bytes, options);
  const samples = corpus('http1/requests.txt', host).filter((s) => !otherForms.includes(s.number) && !s.title.startsWith('the second of two'))
    .map((s) => ({ ...s, bytes: s.bytes.replaceAll(`http://${host}`, '') }));

  for (const number of new Set(samples.map((s) => s.number))) {
    const group = samples.filter((s) => s.number === number);
    await place.step(`${number}: ${group.length} cases`, async () => {
      assert.deepEqual(await wrongOf(group, (sample) => checkSample(recorder, sample, send)), []);
    });
  }
  await place.step('another Host, or no path: refused, and nothing reaches a server', async () => {
    const before = recorder.requests().length;
    for (const [status, bytes] of [
      [421, `GET / HTTP/1.1\r\nHost: ${names.blocked}\r\n\r\n`],
      [421, `GET / HTTP/1.1\r\nHost: ${names.allowed}\r\n\r\n`],
      [421, `GET / HTTP/1.1\r\nHost: www.${host}\r\n\r\n`],
      [400, `GET https://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      [400, `GET http://${names.blocked}/ HTTP/1.1\r\nHost: ${names.blocked}\r\n\r\n`],
      [400, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      [400, 'GET / HTTP/1.1\r\n\r\n'],
      [400, `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${names.blocked}\r\n\r\n`],
      [400, `GET * HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    ]) {
      const got = await send(bytes, { quietMs: 2000 });
      assert.match(got.text, new RegExp(`^HTTP/1\\.1 ${status} `), `${JSON.stringify(bytes)}: ${got.text.slice(0, 60)}`);
    }
    assert.equal(recorder.requests().length, before);
  });
  await place.step('of two requests at once the second is decided too', async () => {
    const got = await send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\nGET / HTTP/1.1\r\nHost: ${names.blocked}\r\n\r\n`, { quietMs: 1000 });
    assert.deepEqual([...got.text.matchAll(/HTTP\/1\.1 (\d+) /g)].map((m) => m[1]), ['200', '421']);
  });
  await place.step('all that ever reached the server is clean', () => {
    assert.deepEqual(recorder.wrong(), []);
    assert.ok(recorder.requests().length > 30);
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
