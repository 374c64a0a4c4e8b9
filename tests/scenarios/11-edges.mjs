// Where connections end, are shared, or are held open: what one client does must
// not be taken for a whole answer, reach another client, or cost for ever.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { raw } from './lib/client.mjs';
import { makeBundle } from './lib/gateway.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario, sleep } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const bigBytes = 24 * 1024 * 1024;

// Answers by the path that is asked for; `bodies` gets what came behind heads.
const answers = {
  '/whole': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  '/cut': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    setTimeout(() => socket.end(), 100);
  },
  '/big': (socket) => setTimeout(() => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bigBytes}\r\n\r\n`);
    socket.write(Buffer.alloc(bigBytes, 'b'));
  }, 200),
  '/other-protocol': (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'),
  '/never': () => {},
};

scenario('edges', async (place) => {
  const served = []; // {connection, head}
  let connections = 0;
  const odd = await startOdd(place, (socket) => {
    connections += 1;
    const connection = connections;
    onHead(socket, (head) => {
      served.push({ connection, head });
      answers[/^\w+ ([^ ?]*)/.exec(head)?.[1]]?.(socket);
    });
  });
  const u = await usual(place, { gateway: { profile: 'adult', limits: { idle_ms: 1500, handshake_ms: 2000 } } });
  await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${odd.port}` });
  const port = u.gateway.port;
  const host = `${names.allowed}:${odd.port}`;
  const ask = (path, { method = 'GET', version = '1.1', fields = '' } = {}) => `${method} http://${host}${path} HTTP/${version}\r\nHost: ${host}\r\n${fields}\r\n`;

  await place.step('the end of a connection to a protected place does not name it', async () => {
    const name = `${names.neverInspected}:${u.origin.httpPort}`;
    const before = u.gateway.lines().length;
    const got = await raw(port, `GET http://${name}/ HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    assert.match(got.text, /^HTTP\/1\.1 200/);
    await u.gateway.line('its end', (l) => l.event === 'end' && u.gateway.lines().length >= before + 2);
    const lines = u.gateway.lines().slice(before);
    assert.deepEqual(lines.map((l) => l.event), ['decision', 'end']);
    for (const line of lines) {
      assert.equal(line.host, undefined, JSON.stringify(line));
      assert.equal(line.connection, undefined, JSON.stringify(line));
    }
  });
  await place.step('an answer that was cut off does not look whole in HTTP/1.0', async () => {
    const got = await raw(port, ask('/cut', { version: '1.0' }));
    assert.match(got.text, /half$/);
    assert.equal(got.how, 'ECONNRESET');
  });
  await place.step('a whole answer of unknown length ends properly in HTTP/1.0', async () => {
    answers['/unknown'] = (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfull\r\n0\r\n\r\n');
    const got = await raw(port, ask('/unknown', { version: '1.0' }));
    assert.match(got.text, /full$/);
    assert.equal(got.how, 'closed');
  });
  await place.step('an answer arrives whole although the client said more than was heard', async () => {
    const got = await new Promise((done) => {
      const socket = connect(port, '127.0.0.1');
      let n = 0;
      socket.write(ask('/big', { fields: 'Connection: close\r\n' }));
      setTimeout(() => socket.write('\r\n'), 100);
      socket.on('data', (data) => {
        n += data.length;
        socket.pause();
        setTimeout(() => socket.resume(), 2);
      });
      socket.on('error', (error) => done({ n, how: error.code }));
      socket.on('end', () => done({ n, how: 'end' }));
    });
    assert.equal(got.how, 'end');
    assert.ok(got.n > bigBytes, `${got.n} bytes`);
  });
  await place.step('a connection that a client has authenticated serves nobody else', async () => {
    for (const scheme of ['NTLM', 'Negotiate']) {
      served.length = 0;
      const first = await raw(port, ask('/whole', { fields: `Authorization: ${scheme} TlRMTVNTUAAB\r\nConnection: close\r\n` }));
      assert.match(first.text, /ok$/);
      const second = await raw(port, ask('/whole', { fields: 'Connection: close\r\n' }));
      assert.match(second.text, /ok$/);
      assert.notEqual(served[0].connection, served[1].connection, scheme);
    }
    served.length = 0;
    await raw(port, ask('/whole', { fields: 'Authorization: Basic YTpi\r\nConnection: close\r\n' }));
    await raw(port, ask('/whole', { fields: 'Connection: close\r\n' }));
    assert.equal(served[0].connection, served[1].connection, 'Basic is of a request, not of a connection');
  });
  await place.step('protocols are switched to WebSocket and no other', async () => {
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    const got = await raw(port, ask('/other-protocol', { fields }));
    assert.match(got.text, /^HTTP\/1\.1 502/, got.text.slice(0, 80));
  });
  await place.step('a body that trickles is given up', async () => {
    const began = Date.now();
    const trickle = Array.from({ length: 25 }, () => 'x');
    const got = await raw(port, [ask('/never', { method: 'POST', fields: 'Content-Length: 100000\r\n' }), ...trickle], { pauseMs: 300, quietMs: 20_000 });
    assert.ok(Date.now() - began < 6000, `${Date.now() - began} ms`);
    assert.match(got.text, /^HTTP\/1\.1 408/, got.text.slice(0, 80));
  });
  await place.step('an address without a name is not passed on unread', async () => {
    place.file('hosts-only/bundle.yaml', 'id: cop:bundle:hosts-only\ntitle: "hosts"\nissuer: "a test"\nlicence: "CC0-1.0"\nrevision: "1"\n');
    place.file('hosts-only/list.yaml', `id: cop:list:gambling\nformat: domains\nentries: ["${names.blocked}"]\nobject: domain\ncategories: [gambling.real_money]\nlicence: "CC0-1.0"\n`);
    place.file('policy.yaml', 'policy: 1\nplace: household\nprofiles:\n  - {name: child, age: 9, subscriber: residential, block: [gambling.real_money]}\n');
    const bundle = await makeBundle(place, 'hosts-only', [place.path('hosts-only')]);
    await u.gateway.reload({ bundles: [bundle], profile: 'child' });
    const issuer = await new Promise((done, failed) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`CONNECT 127.0.0.1:${u.origin.tlsPort} HTTP/1.1\r\nHost: 127.0.0.1:${u.origin.tlsPort}\r\n\r\n`);
      socket.once('data', () => {
        const tls = connectTls({ socket, rejectUnauthorized: false }, () => {
          done(tls.getPeerCertificate().issuer.CN);
          tls.destroy();
        });
        tls.on('error', failed);
      });
      socket.on('error', failed);
    });
    assert.notEqual(issuer, u.authority.name);
  });
  await place.step('nothing of all this was our fault', async () => {
    await sleep(100);
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
