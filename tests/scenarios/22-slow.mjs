// Slow, stuck and half-closed peers on both sides: each is bounded by a limit,
// its end says which, and others are served meanwhile.
import assert from 'node:assert/strict';
import { connect } from 'node:net';

import { curl, raw } from './lib/client.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario, sleep, until } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const limits = { hello_ms: 700, request_ms: 700, idle_ms: 700, response_ms: 900, handshake_ms: 700, connect_ms: 700, connections: 150 };
const big = 'b'.repeat(8 * 1024 * 1024);

// A connection that writes one piece after the other, and says when it ended.
function trickle(port, pieces, pauseMs) {
  return new Promise((done) => {
    const began = Date.now();
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const finish = () => done({ ms: Date.now() - began, text });
    socket.on('data', (data) => { text += data.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', finish);
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(piece);
        await sleep(pauseMs);
      }
    });
  });
}

scenario('slow', async (place) => {
  const answers = {
    '/fast': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    '/never': () => {},
    '/head': async (socket) => {
      for (const c of `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(60)}`) {
        if (socket.destroyed) return;
        socket.write(c);
        await sleep(50);
      }
    },
    '/stuck': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst'),
    '/big': (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n${big}`),
    '/reset': (socket) => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst'); setTimeout(() => socket.resetAndDestroy(), 50); },
    '/half': (socket) => { socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'); },
    '/interim': (socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    },
  };
  const odd = await startOdd(place, (socket) => {
    onHead(socket, (head) => answers[/^\w+ ([^ ?]*)/.exec(head)?.[1]]?.(socket));
  });
  const stuckTls = await startOdd(place, () => {}); // accepts, never greets
  const u = await usual(place, { gateway: { inspect: 'all', profile: 'adult', limits } });
  await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${odd.port}`, tlsPort: `${u.origin.tlsPort}, ${stuckTls.port}` });
  const port = u.gateway.port;
  const host = `${names.allowed}:${odd.port}`;
  const ask = (path, { method = 'GET', fields = '' } = {}) => `${method} http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
  const reasons = (from) => u.gateway.lines().slice(from).filter((l) => l.event === 'end').map((l) => l.reason);

  // Many slow ones at once; a quick one in between; all of them end in time.
  async function bounded(what, open, { n = 40, mostMs = 4000, reason, answer }) {
    await place.step(what, async () => {
      const before = u.gateway.lines().length;
      const slow = Array.from({ length: n }, open);
      await sleep(150);
      const quick = await raw(port, ask('/fast', { fields: 'Connection: close\r\n' }));
      assert.match(quick.text, /ok$/, 'nobody else was served');
      const ended = await Promise.all(slow);
      const worst = Math.max(...ended.map((e) => e.ms));
      assert.ok(worst < mostMs, `${worst} ms`);
      for (const { text } of ended) assert.match(text, answer);
      await until('their reasons', () => reasons(before).filter((r) => r === reason).length >= n, 10000).catch(() => {
        throw new Error(`reasons: ${reasons(before)}`);
      });
    });
  }

  const drops = (text) => [...text];
  await bounded('heads that trickle', () => trickle(port, drops(ask('/fast', { fields: `X: ${'a'.repeat(100)}\r\n` })), 40), { reason: 'request_timeout', answer: /^HTTP\/1\.1 408|^$/ });
  await bounded('heads whose fields never end', () => trickle(port, [ask('/fast').slice(0, -2), ...Array.from({ length: 100 }, (_, i) => `X-${i}: a\r\n`)], 60), { reason: 'request_timeout', answer: /^HTTP\/1\.1 408|^$/ });
  await bounded('connections that say nothing', () => trickle(port, [], 0), { reason: 'idle', answer: /^$/ });
  await bounded('bodies that stop', () => trickle(port, [ask('/never', { method: 'POST', fields: 'Content-Length: 1000\r\n' }), 'abc'], 20), { reason: 'request_timeout', answer: /^HTTP\/1\.1 408/ });
  await bounded('ClientHellos that trickle', () => trickle(port, [`CONNECT ${names.allowed}:${u.origin.tlsPort} HTTP/1.1\r\nHost: ${names.allowed}:${u.origin.tlsPort}\r\n\r\n`, ...drops('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(60, '\0'))], 60), { reason: 'hello_timeout', answer: /^HTTP\/1\.1 200 [^\r]*\r\n\r\n/ });
  await bounded('servers that never answer', () => trickle(port, [ask('/never', { fields: 'Connection: close\r\n' })], 0), { reason: 'response_timeout', answer: /^HTTP\/1\.1 504/ });
  await bounded('servers whose head trickles', () => trickle(port, [ask('/head', { fields: 'Connection: close\r\n' })], 0), { n: 20, reason: 'response_timeout', answer: /^HTTP\/1\.1 504/ });
  await bounded('servers that stop in a body', () => trickle(port, [ask('/stuck')], 0), { reason: 'response_timeout', answer: /first$/ });
  await bounded('servers that send interim answers for ever', () => trickle(port, [ask('/interim', { fields: 'Connection: close\r\n' })], 0), { n: 10, reason: 'bad_response', answer: /HTTP\/1\.1 50[24]/ });
  await bounded('servers that reset in a body', () => trickle(port, [ask('/reset')], 0), { reason: 'origin_abort', answer: /first$|^$/ });

  await place.step('clients that do not read are given up, and hold little', async () => {
    const before = u.gateway.lines().length;
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(ask('/big'));
      socket.pause();
      return socket;
    });
    await sleep(150);
    assert.match((await raw(port, ask('/fast', { fields: 'Connection: close\r\n' }))).text, /ok$/);
    // On a busy machine the server is given up before it has sent enough to stop at.
    const isGivenUp = (r) => r === 'idle' || r === 'response_timeout';
    await until('their ends', () => reasons(before).filter(isGivenUp).length >= 20, 10000).catch(() => {
      throw new Error(`reasons: ${reasons(before)}`);
    });
    for (const socket of sockets) socket.destroy();
  });
  await place.step('a server that accepts and does not greet: a page that says so', async () => {
    const got = await curl(`https://${names.allowed}:${stuckTls.port}/`, { proxy: u.gateway.proxy, cacert: u.ca.certificate });
    assert.ok(got.status === 504 || got.status === 502, `${got.status} ${got.err}`);
  });
  await place.step('a client that closes its half still gets its answer', async () => {
    const got = await raw(port, ask('/fast', { fields: 'Connection: close\r\n' }), { end: true });
    assert.match(got.text, /ok$/);
  });
  await place.step('a server that closes its half has answered', async () => {
    assert.match((await raw(port, ask('/half', { fields: 'Connection: close\r\n' }))).text, /ok$/);
  });
  await place.step('clients that reset at every moment', async () => {
    const pieces = [ask('/big'), ask('/never'), ask('/fast').slice(0, 20), ask('/never', { method: 'POST', fields: 'Content-Length: 9\r\n' }), `CONNECT ${names.allowed}:${u.origin.tlsPort} HTTP/1.1\r\nHost: ${names.allowed}:${u.origin.tlsPort}\r\n\r\n`];
    await Promise.all(pieces.flatMap((bytes) => [0, 5, 30, 100].map(async (ms) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(bytes);
      await sleep(ms);
      socket.resetAndDestroy();
    })));
    assert.match((await raw(port, ask('/fast', { fields: 'Connection: close\r\n' }))).text, /ok$/);
  });
  await place.step('after all this nothing is held', async () => {
    const counts = await until('open connections to end', async () => {
      const c = await u.gateway.counts();
      return JSON.stringify(c).includes('"connections":0') || JSON.stringify(c).includes('"open":0') ? c : (await sleep(200), null);
    }, 5000).catch(async () => u.gateway.counts());
    console.log(`        ${JSON.stringify(counts)}`);
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
