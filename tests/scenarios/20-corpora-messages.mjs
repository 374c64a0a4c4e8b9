// The corpora of hostile messages, through a real gateway: what a server gets
// is clean by a reader that shares nothing with the gateway, or nothing at all;
// and no client gets a part of an answer that was not for it.
import assert from 'node:assert/strict';

import { raw } from './lib/client.mjs';
import { corpus } from './lib/corpus.mjs';
import { isServing } from './lib/gateway.mjs';
import { judge } from './lib/judge.mjs';
import { startOdd } from './lib/odd_origin.mjs';
import { checkSample, startRecorder, wanted, wrongOf } from './lib/recorder.mjs';
import { scenario, sleep, until } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

scenario('corpora-messages', async (place) => {
  const recorder = await startRecorder(place);
  let answer = '';
  const hostile = await startOdd(place, (socket) => {
    let asked = false;
    socket.on('data', (data) => {
      // A second request on the connection would mean that it was kept.
      if (asked || !data.toString('latin1').includes('\r\n\r\n')) return;
      asked = true;
      socket.write(Buffer.from(answer, 'latin1'));
      setTimeout(() => socket.end(), 60);
    });
  });
  const u = await usual(place, { gateway: { limits: { request_ms: 1000, idle_ms: 1000, response_ms: 3000 } } });
  await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${recorder.port}, ${hostile.port}` });
  const port = u.gateway.port;
  const host = `${names.allowed}:${recorder.port}`;

  const checkRequest = (sample) => checkSample(recorder, sample, (bytes, options) => raw(port, bytes, options));

  async function checkAnswer(sample) {
    const isHead = sample.words[0] === 'HEAD';
    const words = sample.words.slice(isHead ? 1 : 0);
    const at = `${names.allowed}:${hostile.port}`;
    answer = sample.bytes;
    const got = await raw(port, `${isHead ? 'HEAD' : 'GET'} http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`, { quietMs: 4000, pauseMs: 0 });
    const finals = [...got.text.matchAll(/^HTTP\/1\.1 (?!1)\d\d\d /gm)].length;
    if (words[0] === 'refused') {
      assert.match(got.text, /^HTTP\/1\.1 502/, got.text.slice(0, 100));
      return;
    }
    if (words[0] === 'cut') {
      const isWhole = /\r\n0\r\n(.*\r\n)?\r\n$/.test(got.text) && got.how === 'closed';
      assert.ok(finals <= 1 && !/^HTTP\/1\.1 [45]/.test(got.text) && !isWhole, `looks whole: ${got.text.slice(-80)}`);
      return;
    }
    assert.match(got.text, /^HTTP\/1\.1 [123]\d\d/, got.text.slice(0, 100));
    assert.equal(finals, 1, 'one answer');
    const head = got.text.slice(0, got.text.lastIndexOf('\r\n\r\n') + 2).toLowerCase();
    for (const name of wanted(words, '+')) assert.ok(head.includes(`\n${name}:`), `without ${name}`);
    for (const name of wanted(words, '-')) assert.ok(!got.text.toLowerCase().includes(`\n${name}:`), `with ${name}`);
  }

  await place.step('the reader that judges finds what is wrong', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a.example\r\n';
    for (const bytes of ['GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', `${head}Host: b\r\n\r\n`, `${head}X: a\rb\r\n\r\n`, `${head}X: a\nb\r\n\r\n`, `${head}X : a\r\n\r\n`, `${head}Content-Length: +1\r\n\r\na`, `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, `${head}Transfer-Encoding: x\r\n\r\n`, `${head}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`, `${head}Keep-Alive: a\r\n\r\n`, `${head}\r\n\r\n`]) {
      assert.notDeepEqual(judge(bytes).wrong, [], bytes);
    }
    assert.equal(judge(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n${head}\r\n`).requests.length, 2);
  });
  for (const [file, at, check] of [['http1/requests.txt', host, checkRequest], ['http1/responses.txt', '', checkAnswer]]) {
    const samples = corpus(file, at);
    for (const number of new Set(samples.map((s) => s.number))) {
      const group = samples.filter((s) => s.number === number);
      await place.step(`${file} ${number}: ${group.length} cases`, async () => {
        assert.deepEqual(await wrongOf(group, check), []);
      });
    }
  }
  await place.step('50 to 52: a server that said too much, or too early, is left', async () => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    const bodyless = { 204: '204 No Content', 304: '304 Not Modified\r\nContent-Length: 47', HEAD: '200 OK\r\nContent-Length: 47', GET: '200 OK\r\nContent-Length: 0', POST: '200 OK\r\nContent-Length: 0' };
    for (const [kind, first] of Object.entries(bodyless)) {
      for (const lateMs of [0, 1, 40]) {
        let reused = 0;
        const server = await startOdd(place, (socket) => {
          let n = 0;
          const isFirst = server.counts.connections === 1;
          socket.on('data', () => {
            n += 1;
            reused += n === 2 && isFirst;
            if (!isFirst) { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean'); return; }
            if (n > 1) return;
            if (lateMs === 0) { socket.write(`HTTP/1.1 ${first}\r\n\r\n${poison}`); return; }
            socket.write(`HTTP/1.1 ${first}\r\n\r\n`);
            setTimeout(() => socket.write(poison), lateMs);
          });
        });
        await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${server.port}` });
        const at = `${names.allowed}:${server.port}`;
        const method = /^[A-Z]/.test(kind) ? kind : 'GET';
        const one = await raw(port, `${method} http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n${method === 'POST' ? 'Content-Length: 100\r\n' : ''}\r\n`, { quietMs: 1500 });
        assert.ok(one.text === '' || /^HTTP\/1\.1 [2-5]\d\d/.test(one.text));
        assert.doesNotMatch(one.text, /poison/);
        await sleep(60);
        const other = await raw(port, `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: close\r\n\r\n`, { quietMs: 1500 });
        assert.match(other.text, /\r\n\r\nclean$/, `${kind}, ${lateMs} ms`);
        assert.equal(reused, 0, `${kind}, ${lateMs} ms: the connection was used again`);
      }
    }
  });
  await place.step('all that ever reached the server is clean', async () => {
    assert.deepEqual(recorder.wrong(), []);
    assert.ok(recorder.requests().length > 0, 'nothing arrived at all');
    assert.ok(!recorder.requests().some((r) => /hidden|casino/.test(r.first)));
  });
  await place.step('the gateway serves as before', async () => {
    assert.ok(await isServing(port));
    await until('the log', () => u.gateway.lines().length > 300);
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
