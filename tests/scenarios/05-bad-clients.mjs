// Clients that send what they should not: refused with a reason, nothing of it
// reaches a server, and the gateway goes on.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { curl, raw } from './lib/client.mjs';
import { isServing } from './lib/gateway.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

scenario('bad-clients', async (place) => {
  const seen = [];
  const odd = await startOdd(place, (socket) => {
    socket.on('data', (d) => seen.push(d.toString('latin1')));
    onHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  const u = await usual(place, { gateway: { inspect: 'all', limits: { hello_ms: 1000, request_ms: 1000, head_bytes: 16384, connections: 200 } } });
  await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${odd.port}` });
  const port = u.gateway.port;
  const target = `http://${names.allowed}:${odd.port}`;
  const host = `${names.allowed}:${odd.port}`;
  const serves = async () => assert.ok(await isServing(port), 'the gateway no longer serves');
  const ended = (reason) => u.gateway.line(reason, (l) => l.event === 'end' && l.reason === reason);

  await place.step('garbage', async () => {
    for (const bytes of ['\0\0\0\0', randomBytes(4096).toString('latin1'), '\x16\x03\x01\x02\x00\x01', 'SSH-2.0-x\r\n', '\r\n\r\n\r\n', 'GET\r\n\r\n']) {
      const got = await raw(port, bytes);
      assert.ok(got.how !== 'quiet' || got.text === '', JSON.stringify(got));
      assert.ok(got.text === '' || /^HTTP\/1\.1 [45]\d\d/.test(got.text), got.text.slice(0, 80));
    }
    await ended('bad_request');
    await serves();
  });

  const refused = {
    'length and chunks': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two lengths': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    'two equal lengths': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
    'a list of lengths': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2, 2\r\n\r\nab`,
    'a signed length': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: +2\r\n\r\nab`,
    'a length beyond 64 bits': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 18446744073709551617\r\n\r\na`,
    'a space before the colon': `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\nX-A : b\r\n\r\n`,
    'a folded field': `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\nX-A: b\r\n c\r\n\r\n`,
    'bare line feeds': `GET ${target}/ HTTP/1.1\nHost: ${host}\n\n`,
    'a bare carriage return': `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\nX-A: b\rc\r\n\r\n`,
    'NUL in a value': `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\nX-A: b\0c\r\n\r\n`,
    'a strange transfer coding': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'chunked twice': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'chunks in HTTP/1.0': `POST ${target}/ HTTP/1.0\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'no Host': `GET ${target}/ HTTP/1.1\r\n\r\n`,
    'two Hosts': `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`,
    'another Host': `GET ${target}/ HTTP/1.1\r\nHost: ${names.blocked}\r\n\r\n`,
    'userinfo in the target': `GET http://a@${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    'another scheme': `GET ftp://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    'HTTP/0.9': 'GET /\r\n\r\n',
    'HTTP/2.0': `GET ${target}/ HTTP/2.0\r\nHost: ${host}\r\n\r\n`,
    'a chunk size with junk': `POST ${target}/ HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`,
  };
  for (const [what, bytes] of Object.entries(refused)) {
    await place.step(`${what}: refused, and the connection closed`, async () => {
      const before = seen.length;
      const got = await raw(port, bytes);
      if (what !== 'a chunk size with junk') {
        assert.match(got.text, /^HTTP\/1\.1 [45]\d\d/, JSON.stringify(got));
        assert.equal(seen.length, before, `reached the server: ${seen.at(-1)}`);
      } else {
        assert.doesNotMatch(got.text, /^HTTP\/1\.1 200/);
      }
      assert.equal(got.how, 'closed');
    });
  }
  await place.step('a request hidden in a body stays a body', async () => {
    const inner = `GET ${target}/hidden HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const got = await raw(port, `POST ${target}/outer HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`, { quietMs: 1000 });
    assert.equal([...got.text.matchAll(/HTTP\/1\.1 /g)].length, 1, got.text);
    assert.ok(!u.gateway.lines().some((l) => (l.path ?? '').includes('hidden')));
  });
  await place.step('an oversized head: 431 or 414', async () => {
    const long = await raw(port, `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\nX-A: ${'a'.repeat(70000)}\r\n\r\n`);
    assert.match(long.text, /^HTTP\/1\.1 431/);
    const many = await raw(port, `GET ${target}/ HTTP/1.1\r\nHost: ${host}\r\n${'A: b\r\n'.repeat(2000)}\r\n`);
    assert.match(many.text, /^HTTP\/1\.1 431/);
    const target414 = await raw(port, `GET ${target}/${'a'.repeat(70000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.match(target414.text, /^HTTP\/1\.1 4(14|31)/);
    await ended('head_too_large');
    await serves();
  });
  await place.step('a head that never ends: closed in time', async () => {
    const got = await raw(port, [`GET ${target}/ HTTP/1.1\r\n`, 'X-A: b\r\n', 'X-B: c\r\n'], { quietMs: 6000, pauseMs: 200 });
    assert.equal(got.how, 'closed');
    await ended('request_timeout');
  });
  const connectTo = (name) => `CONNECT ${name}:${u.origin.tlsPort} HTTP/1.1\r\nHost: ${name}:${u.origin.tlsPort}\r\n\r\n`;
  await place.step('half a ClientHello: closed in time', async () => {
    const got = await raw(port, [connectTo(names.allowed), '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'], { quietMs: 6000, pauseMs: 200 });
    assert.match(got.text, /^HTTP\/1\.1 200/);
    assert.equal(got.how, 'closed');
    await ended('hello_timeout');
  });
  await place.step('a malformed ClientHello', async () => {
    const got = await raw(port, [connectTo(names.allowed), `\x16\x03\x01\x00\x10\x01\x00\x00\x0c\x03\x03${'\xff'.repeat(10)}`], { pauseMs: 200 });
    assert.equal(got.how, 'closed');
    await ended('bad_hello');
  });
  await place.step('something else than TLS in a tunnel', async () => {
    for (const opening of ['SSH-2.0-OpenSSH_9.2\r\n', 'GET / HTTP/1.1\r\n\r\n', '\x05\x01\x00', '\x13BitTorrent protocol']) {
      const got = await raw(port, [connectTo(names.allowed), opening], { pauseMs: 200 });
      assert.equal(got.how, 'closed', opening);
    }
    await ended('not_tls');
  });
  await place.step('CONNECT to a port that is not allowed, to nonsense', async () => {
    assert.match((await raw(port, `CONNECT ${names.allowed}:22 HTTP/1.1\r\nHost: ${names.allowed}:22\r\n\r\n`)).text, /^HTTP\/1\.1 403/);
    for (const bad of ['CONNECT / HTTP/1.1', 'CONNECT a HTTP/1.1', 'CONNECT http://a/ HTTP/1.1', 'CONNECT a:0 HTTP/1.1', 'CONNECT a:99999 HTTP/1.1', 'CONNECT a b:443 HTTP/1.1']) {
      assert.match((await raw(port, `${bad}\r\nHost: a\r\n\r\n`)).text, /^HTTP\/1\.1 4\d\d/, bad);
    }
  });
  await place.step('no way to the machine itself or its neighbours, however it is spelled', async () => {
    await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${odd.port}, ${port}` });
    // The tests' origins are on the loopback address, which is therefore
    // allowed here; the gateway's own port must be closed all the same.
    for (const spelled of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
      const got = await raw(port, `GET http://${spelled}:${port}/ HTTP/1.1\r\nHost: ${spelled}:${port}\r\nConnection: close\r\n\r\n`);
      assert.match(got.text, /^HTTP\/1\.1 403/, `${spelled}: ${got.text.slice(0, 60)}`);
    }
    for (const address of ['10.0.0.1', '192.168.1.1', '169.254.169.254', '0.0.0.0', '[::1]', '[fe80::1]', '[fc00::1]']) {
      const got = await raw(port, `GET http://${address}:${odd.port}/ HTTP/1.1\r\nHost: ${address}:${odd.port}\r\nConnection: close\r\n\r\n`, { quietMs: 8000 });
      assert.match(got.text, /^HTTP\/1\.1 403/, `${address}: ${got.text.slice(0, 60)}`);
    }
  });
  await place.step('spellings of a blocked host are the blocked host', async () => {
    for (const spelled of [names.blocked.toUpperCase(), `${names.blocked}.`, names.blocked.replace('c', '%63'), `www.${names.blocked}`]) {
      const got = await raw(port, `GET http://${spelled}:${odd.port}/ HTTP/1.1\r\nHost: ${spelled}:${odd.port}\r\nConnection: close\r\n\r\n`);
      assert.match(got.text, /^HTTP\/1\.1 4(03|51|00)/, `${spelled}: ${got.text.slice(0, 60)}`);
    }
  });
  await place.step('many connections at once: the surplus is shed, others are served', async () => {
    const { connect } = await import('node:net');
    const sockets = [];
    for (let i = 0; i < 260; i += 1) {
      const s = connect(port, '127.0.0.1');
      s.on('error', () => {});
      sockets.push(s);
    }
    await ended('limit');
    for (const s of sockets) s.destroy();
    await new Promise((done) => { setTimeout(done, 300); });
    await serves();
  });
  await place.step('after all this, pages still arrive', async () => {
    assert.equal((await curl(u.https(names.allowed), { proxy: u.gateway.proxy, cacert: u.ca.certificate })).status, 200);
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
