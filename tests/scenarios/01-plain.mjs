// Plain HTTP through the gateway as an explicit proxy.
import assert from 'node:assert/strict';
import { connect } from 'node:net';

import { curl, raw } from './lib/client.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario, sleep } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

scenario('plain', async (place) => {
  // An origin of our own where nginx would hide what happens on the wire.
  let respond = () => {};
  const seen = [];
  const odd = await startOdd(place, (socket) => onHead(socket, (head, rest) => {
    seen.push(head);
    respond(socket, head, rest);
  }));
  const u = await usual(place, { gateway: { extra: '' } });
  const options = { proxy: u.gateway.proxy };
  const asPage = { ...options, args: ['-H', 'Accept: text/html'] };
  const oddUrl = (path) => `http://${names.allowed}:${odd.port}${path}`;
  await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${odd.port}` });

  await place.step('an allowed page arrives', async () => {
    const got = await curl(u.http(names.allowed), options);
    assert.equal(got.status, 200);
    assert.match(got.body, /The origin's page/);
  });
  await place.step('a blocked page is answered with a notice, and its server is not asked', async () => {
    const got = await curl(u.http(names.blocked), asPage);
    assert.ok([403, 451].includes(got.status), `status ${got.status}`);
    assert.match(got.body, /<h1/);
    assert.equal(got.headers['cache-control'], 'no-store');
    const line = await u.gateway.line('the block', (l) => l.event === 'decision' && l.action === 'block');
    assert.equal(line.mode, 'plain');
    assert.match(line.requirement ?? line.level, /./);
  });
  await place.step('a megabyte arrives whole', async () => {
    const got = await curl(u.http(names.allowed, '/big'), options);
    assert.equal(got.body.length, 1024 * 1024);
  });
  await place.step('what reaches the origin: origin form, our Via, no hop-by-hop fields', async () => {
    const got = await curl(u.http(names.allowed, '/echo?a=1'), { ...options, args: ['-H', 'Proxy-Authorization: Basic eDp5', '-H', 'Connection: X-Private', '-H', 'X-Private: 1'] });
    assert.match(got.body, /^GET \/echo\?a=1\n/);
    assert.match(got.body, /via: 1\.1 /);
    assert.match(got.body, /proxy: \n/);
    assert.match(got.body, new RegExp(`host: ${names.allowed}`));
  });
  await place.step('HEAD, 204 and 302 have no body and do not hang', async () => {
    assert.equal((await curl(u.http(names.allowed), { ...options, args: ['--head'] })).status, 200);
    assert.equal((await curl(u.http(names.allowed, '/status/204'), options)).status, 204);
    assert.equal((await curl(u.http(names.allowed, '/status/302'), options)).status, 302);
  });
  await place.step('an upload of a megabyte, chunked', async () => {
    respond = (socket, head, rest) => {
      let body = rest();
      socket.on('data', (d) => {
        body += d.toString('latin1');
        if (body.endsWith('0\r\n\r\n')) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n${String(body.length > 1024 * 1024).padEnd(7)}`);
      });
    };
    const got = await curl(oddUrl('/up'), { ...options, args: ['-X', 'POST', '-H', 'Transfer-Encoding: chunked', '-H', 'Expect:', '--data-binary', '@-'], input: 'x'.repeat(1024 * 1024) });
    assert.equal(got.status, 200);
    assert.match(got.body, /true/);
    assert.match(seen.findLast((h) => h.startsWith('POST /up ')), /transfer-encoding: chunked/i);
  });
  await place.step('Expect: 100-continue is passed on and its answer too', async () => {
    respond = (socket, head) => {
      assert.match(head, /expect: 100-continue/i);
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'));
    };
    const got = await curl(oddUrl('/expect'), { ...options, args: ['-H', 'Expect: 100-continue', '--data-binary', 'some data'] });
    assert.equal(got.status, 200);
    assert.equal(got.body, 'ok');
  });
  await place.step('trailers of a chunked response are passed on, framing ones never', async () => {
    const answer = (trailers) => (socket) => socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`);
    respond = answer('X-Sum: 42\r\n');
    const got = await raw(u.gateway.port, `GET ${oddUrl('/trailers')} HTTP/1.1\r\nHost: ${names.allowed}:${odd.port}\r\nConnection: close\r\n\r\n`);
    assert.match(got.text, /3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n$/);
    respond = answer('X-Sum: 42\r\nContent-Length: 9\r\n');
    const framed = await raw(u.gateway.port, `GET ${oddUrl('/framed')} HTTP/1.1\r\nHost: ${names.allowed}:${odd.port}\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(framed.text, /Content-Length: 9/i);
  });
  await place.step('several requests on one connection, pipelined, are each decided and answered in order', async () => {
    const one = (name, path) => `GET ${u.http(name, path)} HTTP/1.1\r\nHost: ${name}:${u.origin.httpPort}\r\n\r\n`;
    const got = await raw(u.gateway.port, one(names.allowed, '/echo') + one(names.blocked, '/') + one(names.allowed, '/echo?2'), { quietMs: 1500 });
    const statuses = [...got.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => m[1]);
    assert.equal(statuses.length, 3, got.text);
    assert.deepEqual([statuses[0], statuses[2]], ['200', '200']);
    assert.ok(['403', '451'].includes(statuses[1]));
    assert.match(got.text, /GET \/echo\?2/);
  });
  await place.step('connections to the origin are used again', async () => {
    respond = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const before = odd.counts.connections;
    for (let i = 0; i < 5; i += 1) assert.equal((await curl(oddUrl(`/r${i}`), options)).status, 200);
    assert.equal(odd.counts.connections - before, 1);
  });
  await place.step('a connection that the origin closed meanwhile is no error for the client', async () => {
    respond = (socket) => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'); setTimeout(() => socket.destroy(), 20); };
    for (let i = 0; i < 5; i += 1) assert.equal((await curl(oddUrl(`/gone${i}`), options)).status, 200);
  });
  await place.step('a WebSocket passes', async () => {
    await sleep(100); // until the connections of the step before are gone
    respond = (socket, head) => {
      assert.match(head, /upgrade: websocket/i);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.on('data', (d) => socket.write(`echo ${d}`));
    };
    const got = await raw(u.gateway.port, [
      `GET ${oddUrl('/ws')} HTTP/1.1\r\nHost: ${names.allowed}:${odd.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      'hello',
    ], { quietMs: 1500, pauseMs: 300 });
    assert.match(got.text, /^HTTP\/1\.1 101 /);
    assert.match(got.text, /echo hello$/);
  });
  await place.step('a slow client is not fed faster than it reads', async () => {
    let sent = 0;
    respond = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n');
      const piece = Buffer.alloc(65536);
      const more = () => { while (sent < 268435456) { sent += piece.length; if (!socket.write(piece)) { socket.once('drain', more); return; } } };
      more();
    };
    // Reads nothing after the request: what was sent by then is what fits into
    // sockets and one buffer, not the whole.
    const socket = connect(u.gateway.port, '127.0.0.1');
    socket.pause();
    socket.write(`GET ${oddUrl('/slow')} HTTP/1.1\r\nHost: ${names.allowed}:${odd.port}\r\n\r\n`);
    await sleep(2000);
    const { readFileSync } = await import('node:fs');
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${u.gateway.kept.pid}/status`, 'utf8'))[1]);
    socket.destroy();
    assert.ok(sent > 0 && sent < 67108864, `${sent} bytes were taken in`);
    assert.ok(rss < 1024 * 1024, `${rss} KiB`);
  });
  await place.step('every connection ended with a reason of the table', async () => {
    const ends = u.gateway.lines().filter((l) => l.event === 'end');
    assert.ok(ends.length > 10);
    for (const end of ends) assert.match(end.reason, /^[a-z_]+$/);
    assert.ok(!ends.some((e) => ['none', 'internal'].includes(e.reason)), JSON.stringify(ends.find((e) => ['none', 'internal'].includes(e.reason))));
  });
});
