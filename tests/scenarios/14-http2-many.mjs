// Many streams on few connections: each decided, answered, held back, retried
// and ended by itself; and what becomes of them when the gateway changes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ask, askHttp1, codes, startOrigin2, startSession, tunnel } from './lib/http2.mjs';
import { scenario, sleep, until } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const rssKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const workerOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number).sort((a, b) => rssKiB(b) - rssKiB(a))[0];

scenario('http2-many', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all', limits: { streams: 200 } } });
  const ca = readFileSync(u.ca.certificate, 'utf8');
  const origins = [];
  const newOrigin = async (options) => {
    const origin = await startOrigin2(place, u.certificate, options);
    origins.push(origin.port);
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${origins.join(', ')}` });
    origin.authority = `${names.allowed}:${origin.port}`;
    return origin;
  };
  const sessionWith = (origin, name = names.allowed) => startSession(place, u.gateway.port, name, origin.port, ca);

  const origin = await newOrigin({ speaks: 'h2', largeBytes: 64 << 20, settings: { enableConnectProtocol: true } });
  const get = (session, path, more = {}) => ask(session, { ':authority': origin.authority, ':path': path, ...more });

  await place.step('100 streams at once, some of them for another site, one after another', async () => {
    const session = await sessionWith(origin);
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 5 === 4
      ? ask(session, { ':authority': `${names.blocked}:${origin.port}`, ':path': '/' })
      : get(session, `/late?${i}`))));
    assert.deepEqual([...new Set(all.map((got, i) => `${i % 5 === 4} ${got.status}`))].sort(), ['false 200', 'true 421']);
    assert.equal(session.destroyed, false);
    const line = await u.gateway.line('a refused stream', (l) => l.event === 'stream' && l.reason === 'name_mismatch');
    assert.ok(line.stream > 0);
    session.close();
  });
  await place.step('a blocked site gets its notice over HTTP/2, stream by stream, and nobody is asked', async () => {
    const before = origin.requests;
    const session = await sessionWith(origin, names.blocked);
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(session, { ':authority': `${names.blocked}:${origin.port}`, ':path': `/${i}`, accept: 'text/html', ...(i === 7 ? { ':method': 'HEAD' } : {}) }, i === 3 ? 'a body' : null)));
    for (const [i, got] of all.entries()) {
      assert.equal(got.status, 403);
      assert.match(got.headers['content-type'], /^text\/html/);
      if (i === 7) assert.equal(got.body.length, 0);
      else assert.match(got.text, /<\/html>/);
    }
    assert.equal(origin.requests, before);
    await u.gateway.line('a decision', (l) => l.stage === 'request' && l.action === 'block' && l.protocol === 'h2');
    session.close();
  });
  await place.step('the rest of an upload that was answered early is declined, without an error', async () => {
    const session = await sessionWith(origin, names.blocked);
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': `${names.blocked}:${origin.port}` }, { endStream: false });
    const closed = new Promise((done) => { stream.once('close', () => done(stream.rstCode)); });
    stream.on('error', () => {});
    stream.write('the beginning');
    stream.resume();
    assert.equal((await new Promise((done) => { stream.once('response', done); }))[':status'], 403);
    assert.equal(await Promise.race([closed, sleep(5000).then(() => 'still open')]), codes.NGHTTP2_NO_ERROR);
    assert.equal((await ask(session, { ':authority': `${names.blocked}:${origin.port}`, ':path': '/' })).status, 403);
    session.close();
  });
  await place.step('who does not read holds back its server, and nobody else', async () => {
    const session = await sessionWith(origin);
    const worker = workerOf(u.gateway.kept.pid);
    await get(session, '/hello');
    const before = rssKiB(worker);
    const asked = [];
    const paused = Array.from({ length: 8 }, () => {
      const stream = session.request({ ':authority': origin.authority, ':path': '/large' });
      stream.on('error', () => {});
      asked.push(new Promise((done) => { stream.once('response', done); }));
      return stream;
    });
    await Promise.all(asked);
    await sleep(700);
    const held = origin.sent;
    assert.ok(held < 6 << 20, `${held} bytes were taken from the server`);
    assert.ok(rssKiB(worker) - before < 24 << 10, `${rssKiB(worker) - before} KiB more`);
    assert.equal((await get(session, '/hello')).status, 200);
    assert.equal(origin.sent, held);
    for (const stream of paused) stream.close(codes.NGHTTP2_CANCEL);
    assert.equal((await get(session, '/hello')).status, 200);
    session.close();
  });
  await place.step('a slow reader gets all of it', async () => {
    const session = await sessionWith(origin);
    const stream = session.request({ ':authority': origin.authority, ':path': '/large' });
    let n = 0;
    await new Promise((done, failed) => {
      stream.on('error', failed);
      stream.on('data', (data) => { n += data.length; if (n % 7 === 0) { stream.pause(); setTimeout(() => stream.resume(), 1); } });
      stream.on('end', done);
    });
    assert.equal(n, origin.large.length);
    session.close();
  });
  await place.step('requests of many clients to a new server make few connections', async () => {
    const other = await newOrigin({ speaks: 'h2' });
    const all = await Promise.all(Array.from({ length: 60 }, () => askHttp1(u.gateway.port, names.allowed, other.port, ca, { ':path': '/late' })));
    assert.ok(all.every((got) => got.text === 'late'));
    assert.ok(other.connections <= 3, `${other.connections} connections`);
  });
  await place.step('a new server that turns out to speak HTTP/1.1 stalls nobody', async () => {
    const other = await newOrigin({ speaks: 'http/1.1' });
    const began = Date.now();
    const all = await Promise.all(Array.from({ length: 30 }, () => askHttp1(u.gateway.port, names.allowed, other.port, ca, { ':path': '/late' })));
    assert.ok(all.every((got) => got.text === 'late'));
    assert.ok(Date.now() - began < 8000);
    assert.equal((await tunnel(u.gateway.port, `${names.allowed}:${other.port}`, { ca, servername: names.allowed })).alpnProtocol, 'http/1.1');
  });
  await place.step('a server that says GOAWAY is left, and asked again on another connection', async () => {
    const session = await sessionWith(origin);
    assert.equal((await get(session, '/goaway')).text, 'bye');
    for (let i = 0; i < 3; i += 1) assert.equal((await get(session, '/hello')).status, 200);
    session.close();
  });
  await place.step('a server that drops its connections is asked again', async () => {
    const session = await sessionWith(origin);
    assert.equal((await get(session, '/hello')).status, 200);
    origin.dropAll();
    assert.equal((await get(session, '/hello')).status, 200);
    session.close();
  });
  await place.step('a server that wants HTTP/1.1 for a request gets it', async () => {
    const session = await sessionWith(origin);
    origin.speaks = 'http/1.1';
    assert.equal((await get(session, '/only1')).text, 'http/1.1 then');
    origin.speaks = 'h2';
    session.close();
  });
  await place.step('a refused stream is asked again, and not for ever', async () => {
    const session = await sessionWith(origin);
    const before = origin.requests;
    const got = await get(session, '/refuse');
    assert.equal(got.status, 502);
    assert.ok(origin.requests - before >= 2 && origin.requests - before <= 4, `${origin.requests - before} times`);
    session.close();
  });
  for (const [path, status] of [['/ws', 200], ['/denied', 403]]) {
    await place.step(`a WebSocket over HTTP/2 on both sides: ${path}`, async () => {
      const session = await sessionWith(origin);
      const got = await ask(session, { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':authority': origin.authority, ':path': path, 'sec-websocket-version': '13' }, (stream) => {
        if (status === 200) stream.once('data', () => { stream.write('hello'); setTimeout(() => stream.end(' there'), 100); });
        else stream.end();
      });
      assert.equal(got.status, status);
      assert.equal(got.text, status === 200 ? 'welcome HELLO THERE' : 'no');
      session.close();
    });
  }
  const upgrade = (target, path) => `GET ${path} HTTP/1.1\r\nHost: ${target}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
  await place.step('a WebSocket of HTTP/1.1 to a server of HTTP/2 gets the proof that it asked for', async () => {
    const socket = await tunnel(u.gateway.port, origin.authority, { ca, servername: names.allowed, protocols: ['http/1.1'] });
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.write(upgrade(origin.authority, '/ws'));
    await until('the switch', () => text.includes('welcome'));
    assert.match(text, /^HTTP\/1\.1 101 /);
    assert.match(text, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
    assert.equal(origin.seen.at(-1).version, '2.0');
    assert.equal(origin.seen.at(-1).headers['sec-websocket-key'], undefined);
    socket.write('hello');
    await until('the echo', () => text.endsWith('HELLO'));
    socket.end();
    await u.gateway.line('its end', (l) => l.event === 'end' && l.reason === 'client_closed' && l.down_bytes > 0);
  });
  await place.step('a WebSocket over HTTP/2 to a server that has it only in HTTP/1.1', async () => {
    const other = await newOrigin({ speaks: 'h2' });
    const session = await startSession(place, u.gateway.port, names.allowed, other.port, ca);
    const open = (path) => ask(session, { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':authority': other.authority, ':path': path, 'sec-websocket-version': '13' }, (stream) => {
      stream.on('error', () => {});
      stream.once('data', () => { stream.write('hello'); setTimeout(() => stream.end(), 100); });
    });
    other.speaks = 'http/1.1';
    const got = await open('/ws');
    assert.equal(got.status, 200);
    assert.equal(got.text, 'welcome HELLO');
    assert.equal(other.seen.at(-1).version, '1.1');
    assert.equal((await open('/liar')).status, 502);
    session.close();
  });
  await place.step('an unreachable server is a page, and the connection is for no more', async () => {
    const session = await startSession(place, u.gateway.port, names.allowed, u.origin.tlsPort + 0, ca).catch(() => null);
    if (session) session.close();
    const closed = await newOrigin({ speaks: 'h2' });
    await new Promise((done) => { closed.dropAll(); closed.server.close(done); });
    const dead = await startSession(place, u.gateway.port, names.allowed, closed.port, ca);
    const got = await ask(dead, { ':authority': closed.authority });
    assert.equal(got.status, 502);
    await until('the connection to end', () => dead.closed || dead.destroyed);
    await u.gateway.line('why', (l) => l.event === 'end' && l.protocol === 'h2' && l.reason === 'connect');
  });
  await place.step('reloads under load fail no request', async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => sessionWith(origin)));
    let goesOn = true;
    let n = 0;
    const wrong = [];
    const load = sessions.map(async (session) => {
      while (goesOn) {
        const all = await Promise.all(Array.from({ length: 10 }, () => get(session, '/hello')));
        n += all.length;
        wrong.push(...all.filter((got) => got.status !== 200 || got.rst !== 0));
      }
    });
    for (let i = 0; i < 4; i += 1) { await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${origins.join(', ')}` }); await sleep(100); }
    goesOn = false;
    await Promise.all(load);
    assert.equal(wrong.length, 0, JSON.stringify(wrong[0]));
    assert.ok(n > 50, `${n} requests`);
    for (const session of sessions) session.close();
  });
  await place.step('a connection that is silent for too long is told GOAWAY and closed', async () => {
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${origins.join(', ')}`, limits: { streams: 200, idle_ms: 1200 } });
    const session = await sessionWith(origin);
    let goaway = null;
    session.on('goaway', (code) => { goaway = code; });
    assert.equal((await get(session, '/hello')).status, 200);
    await until('the connection to end', () => session.destroyed);
    assert.equal(goaway, 0);
    await u.gateway.line('its end', (l) => l.event === 'end' && l.protocol === 'h2' && l.reason === 'idle');
  });
  await place.step('a stop lets streams end and takes no more', async () => {
    const session = await sessionWith(origin);
    const before = origin.requests;
    const late = get(session, '/late');
    await until('it to arrive', () => origin.requests > before);
    const goaway = new Promise((done) => { session.once('goaway', done); });
    process.kill(u.gateway.kept.pid, 'SIGTERM');
    assert.equal(await goaway, 0);
    assert.equal((await late).text, 'late');
    await until('the connection to end', () => session.destroyed);
    await u.gateway.kept.ended;
    assert.ok(u.gateway.lines().some((l) => l.event === 'end' && l.reason === 'drained' && l.protocol === 'h2'));
  });
});
