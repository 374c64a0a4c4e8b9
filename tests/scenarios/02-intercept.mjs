// HTTPS through CONNECT, intercepted: pages, notices, names, versions.
import assert from 'node:assert/strict';
import { connect as tlsConnect } from 'node:tls';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';

import { curl } from './lib/client.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

// CONNECT by hand, then TLS; returns the TLS socket.
function tunnel(port, target, tls) {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', failed);
    socket.once('connect', () => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
    socket.once('data', (data) => {
      if (!/^HTTP\/1\.1 200/.test(data.toString())) { failed(new Error(data.toString())); return; }
      const inside = tlsConnect({ socket, ...tls });
      inside.once('secureConnect', () => done(inside));
      inside.on('error', failed);
    });
  });
}

const readAll = (socket, quietMs = 1500) => new Promise((done) => {
  let text = '';
  socket.setTimeout(quietMs, () => { socket.destroy(); done(text); });
  socket.on('data', (d) => { text += d.toString('latin1'); });
  socket.on('close', () => done(text));
});

scenario('intercept', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all' } });
  const trusting = { proxy: u.gateway.proxy, cacert: u.ca.certificate };
  const asPage = { ...trusting, args: ['-H', 'Accept: text/html'] };
  const ca = readFileSync(u.ca.certificate, 'utf8');

  await place.step('an allowed page arrives under a certificate of the gateway', async () => {
    const got = await curl(u.https(names.allowed), trusting);
    assert.equal(got.code, 0, got.err);
    assert.equal(got.status, 200);
    assert.match(got.body, /The origin's page/);
    const line = await u.gateway.line('the request', (l) => l.event === 'decision' && l.stage === 'request' && l.action === 'allow');
    assert.equal(line.mode, 'intercept');
  });
  await place.step('a client that does not trust the gateway gets no page', async () => {
    const got = await curl(u.https(names.allowed), { proxy: u.gateway.proxy, cacert: u.authority.certificate });
    assert.equal(got.code, 60);
    await u.gateway.line('the distrust', (l) => l.event === 'end' && l.reason === 'client_distrust');
  });
  await place.step('a blocked page is a notice over HTTPS that says who, why and where to appeal', async () => {
    const got = await curl(u.https(names.blocked), asPage);
    assert.equal(got.code, 0, got.err);
    assert.ok([403, 451].includes(got.status));
    assert.match(got.headers['content-type'], /^text\/html/);
    assert.match(got.headers['content-security-policy'], /default-src 'none'/);
    assert.equal(got.headers['cache-control'], 'no-store');
    assert.equal(got.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(got.body, /<script/i);
    assert.match(got.body, /lang="en"/);
    assert.match(got.body, /cop:req:|template|school office/);
    const line = await u.gateway.line('the block', (l) => l.stage === 'request' && l.action === 'block');
    if (line.reference) assert.ok(got.body.includes(line.reference), 'the reference of the log is on the page');
  });
  await place.step('the law\'s own blocks are 451 and name who ordered them', async () => {
    const got = await curl(u.https(names.illegal), trusting);
    assert.equal(got.status, 451);
    assert.match(got.headers.link ?? '', /rel="?blocked-by"?/);
  });
  await place.step('the notice is in Arabic, from right to left, for who reads that', async () => {
    const got = await curl(u.https(names.blocked), { ...trusting, args: ['-H', 'Accept: text/html', '-H', 'Accept-Language: ar-EG, ar;q=0.9, en;q=0.5'] });
    assert.match(got.body, /lang="ar"[^>]*dir="rtl"|dir="rtl"[^>]*lang="ar"/);
    assert.equal(got.headers['content-language'], 'ar');
  });
  await place.step('images, scripts and JSON clients get something they can use', async () => {
    const image = await curl(u.https(names.blocked, '/x.png'), { ...trusting, args: ['-H', 'Sec-Fetch-Dest: image', '-H', 'Accept: image/*'] });
    assert.match(image.headers['content-type'], /^image\//);
    const script = await curl(u.https(names.blocked, '/x.js'), { ...trusting, args: ['-H', 'Sec-Fetch-Dest: script', '-H', 'Accept: */*'] });
    assert.match(script.headers['content-type'], /javascript/);
    const json = await curl(u.https(names.blocked, '/api'), { ...trusting, args: ['-H', 'Sec-Fetch-Dest: empty', '-H', 'Accept: application/json'] });
    assert.match(json.headers['content-type'], /application\/problem\+json/);
    assert.equal(JSON.parse(json.body).status, json.status);
  });
  await place.step('a blocked server is never contacted', async () => {
    assert.ok(!readFileSync(u.origin.accessLog, 'utf8').includes(names.blocked));
    assert.ok(!readFileSync(u.origin.accessLog, 'utf8').includes('/x.png'));
  });
  for (const [version, flag] of [['TLSv1.2', '--tls-max'], ['TLSv1.3', '--tlsv1.3']]) {
    await place.step(`${version} with the client`, async () => {
      const args = version === 'TLSv1.2' ? [flag, '1.2'] : [flag];
      assert.equal((await curl(u.https(names.allowed), { ...trusting, args })).status, 200);
      await u.gateway.line('both versions', (l) => l.event === 'end' && l.client_tls === version && l.server_tls === 'TLSv1.3');
    });
  }
  await place.step('TLS 1.1 is refused', async () => {
    const got = await curl(u.https(names.allowed), { ...trusting, args: ['--tlsv1.1', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0'] });
    assert.notEqual(got.code, 0);
  });
  await place.step('a ClientHello in one-byte pieces is read whole', async () => {
    const socket = connect(u.gateway.port, '127.0.0.1');
    await new Promise((done) => { socket.once('connect', done); });
    const target = `${names.allowed}:${u.origin.tlsPort}`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    await new Promise((done) => { socket.once('data', done); });
    socket.setNoDelay(true);
    // A stream between: TLS writes to it, we write on in crumbs.
    const { Duplex } = await import('node:stream');
    const crumbs = new Duplex({
      write(chunk, encoding, next) {
        let i = 0;
        const step = () => { if (i >= chunk.length) { next(); return; } socket.write(chunk.subarray(i, i + 1)); i += 1; if (i % 8 === 0) setImmediate(step); else step(); };
        step();
      },
      read() {},
    });
    socket.on('data', (d) => crumbs.push(d));
    const inside = tlsConnect({ socket: crumbs, servername: names.allowed, ca });
    await new Promise((done, failed) => { inside.once('secureConnect', done); inside.once('error', failed); });
    inside.write(`GET / HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n\r\n`);
    assert.match(await readAll(inside), /The origin's page/);
    socket.destroy();
  });
  await place.step('CONNECT, SNI and Host must agree', async () => {
    const target = `${names.allowed}:${u.origin.tlsPort}`;
    await assert.rejects(tunnel(u.gateway.port, target, { servername: names.blocked, ca }));
    await u.gateway.line('the mismatch', (l) => l.event === 'end' && l.reason === 'name_mismatch');
    const inside = await tunnel(u.gateway.port, target, { servername: names.allowed, ca });
    inside.write(`GET / HTTP/1.1\r\nHost: ${names.blocked}:${u.origin.tlsPort}\r\n\r\n`);
    assert.match(await readAll(inside), /^HTTP\/1\.1 421 /);
  });
  await place.step('several requests on one intercepted connection, each decided', async () => {
    const target = `${names.allowed}:${u.origin.tlsPort}`;
    const inside = await tunnel(u.gateway.port, target, { servername: names.allowed, ca });
    const one = (path) => `GET ${path} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
    inside.write(one('/echo?1') + one('/echo?2'));
    const text = await readAll(inside);
    assert.match(text, /GET \/echo\?1[\s\S]*GET \/echo\?2/);
  });
  await place.step('a WebSocket over TLS passes', async () => {
    const odd = await startOdd(place, (socket) => onHead(socket, () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst');
      socket.on('data', (d) => socket.write(`echo ${d}`));
    }), u.certificate);
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${odd.port}` });
    const target = `${names.allowed}:${odd.port}`;
    const inside = await tunnel(u.gateway.port, target, { servername: names.allowed, ca });
    inside.write(`GET /ws HTTP/1.1\r\nHost: ${target}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    setTimeout(() => inside.write('hello'), 300);
    const text = await readAll(inside);
    assert.match(text, /^HTTP\/1\.1 101 /);
    assert.match(text, /first/);
    assert.match(text, /echo hello$/);
  });
  await place.step('what was decided can be explained from the same files', async () => {
    const { copc } = await import('./lib/gateway.mjs');
    const told = await copc(['explain', u.bundle, u.https(names.blocked), '--policy', u.policy, '--profile', 'child', '--json']);
    const explained = JSON.parse(told.out);
    assert.equal(explained.action, 'block');
  });
  await place.step('the cache counts hits and misses', async () => {
    const counts = await u.gateway.counts();
    assert.ok(counts.cache_misses > 0 && counts.cache_hits > 0, JSON.stringify(counts));
  });
});
