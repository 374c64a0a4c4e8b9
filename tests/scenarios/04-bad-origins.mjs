// Servers that are not as they should be: each gives a page that names the
// fault, over TLS that the client trusts, and the gateway goes on.
import assert from 'node:assert/strict';

import { makeAuthority, makeCertificate } from './lib/certificates.mjs';
import { curl } from './lib/client.mjs';
import { isServing } from './lib/gateway.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { freePort } from './lib/process.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const bad = {
  expired: 'expired.example',
  future: 'future.example',
  selfSigned: 'self-signed.example',
  wrongHost: 'wrong-host.example',
  untrusted: 'untrusted.example',
  weak: 'weak.example',
};

scenario('bad-origins', async (place) => {
  const u = await usual(place, {
    names: [...Object.values(bad), 'refused.example', 'hanging.example', 'garbage.example', 'short.example'],
    gateway: { inspect: 'all', limits: { handshake_ms: 1500, response_ms: 1500, resolve_ms: 500, connect_ms: 1500 } },
    servers: async (authority) => {
      const stranger = await makeAuthority(place, 'stranger');
      const one = async (name, certificate) => ({ names: [bad[name]], isLax: name === 'weak', certificate: await makeCertificate(place, { name, names: [bad[name]], ...certificate }) });
      return [
        await one('expired', { issuer: authority, from: -10, to: -1 }),
        await one('future', { issuer: authority, from: 5, to: 20 }),
        await one('selfSigned', { issuer: null }),
        await one('wrongHost', { issuer: authority, names: ['other.example'] }),
        await one('untrusted', { issuer: stranger }),
        await one('weak', { issuer: authority, key: 'rsa1024' }),
      ];
    },
  });
  const trusting = { proxy: u.gateway.proxy, cacert: u.ca.certificate };

  const expected = {
    expired: ['cert_expired', /expired/],
    future: ['cert_expired', /not yet valid/],
    selfSigned: ['cert_self_signed', /signed by itself/],
    wrongHost: ['cert_host', /for another name/],
    untrusted: ['cert_untrusted', /not trusted/],
    weak: ['cert_weak', /too weak/],
  };
  for (const [name, [reason, words]] of Object.entries(expected)) {
    await place.step(`${name}: a page that names the fault, and no byte to the server`, async () => {
      const got = await curl(u.https(bad[name], '/secret'), trusting);
      assert.equal(got.code, 0, got.err);
      assert.equal(got.status, 502);
      assert.match(got.body, words);
      assert.doesNotMatch(got.body, /<a [^>]*(proceed|accept|continue)/i);
      await u.gateway.line(reason, (l) => l.event === 'end' && l.reason === reason);
    });
  }
  await place.step('nothing of these requests reached a server', async () => {
    const { readFileSync } = await import('node:fs');
    assert.ok(!readFileSync(u.origin.accessLog, 'utf8').includes('/secret'));
  });
  await place.step('a name that does not resolve', async () => {
    const got = await curl(`https://no-such-name.invalid:${u.origin.tlsPort}/`, trusting);
    assert.ok([502, 504].includes(got.status), `status ${got.status} ${got.err}`);
    assert.match(got.body, /resolve/);
    const plain = await curl(`http://no-such-name.invalid:${u.origin.httpPort}/`, trusting);
    assert.ok([502, 504].includes(plain.status));
  });
  await place.step('a server that refuses connections', async () => {
    const port = await freePort();
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${port}`, httpPort: `${u.origin.httpPort}, ${port}` });
    assert.equal((await curl(`https://refused.example:${port}/`, trusting)).status, 502);
    assert.equal((await curl(`http://refused.example:${port}/`, trusting)).status, 502);
  });
  await place.step('a server that accepts and says nothing', async () => {
    const odd = await startOdd(place, () => {});
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${odd.port}`, httpPort: `${u.origin.httpPort}, ${odd.port}` });
    const tls = await curl(`https://hanging.example:${odd.port}/`, trusting);
    assert.ok([502, 504].includes(tls.status), `status ${tls.status} ${tls.err}`);
    const plain = await curl(`http://hanging.example:${odd.port}/`, trusting);
    assert.equal(plain.status, 504);
  });
  await place.step('a server that speaks something else', async () => {
    const odd = await startOdd(place, (socket) => socket.end('220 mail.example ready\r\n'));
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${odd.port}`, httpPort: `${u.origin.httpPort}, ${odd.port}` });
    assert.equal((await curl(`https://garbage.example:${odd.port}/`, trusting)).status, 502);
    assert.equal((await curl(`http://garbage.example:${odd.port}/`, trusting)).status, 502);
  });
  const dirty = {
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'a bare line feed': 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    'a folded field': 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok',
    'no version': 'HELLO\r\n\r\n',
  };
  for (const [what, answer] of Object.entries(dirty)) {
    await place.step(`an answer with ${what} is not passed on`, async () => {
      const odd = await startOdd(place, (socket) => onHead(socket, () => socket.end(answer)));
      await u.gateway.reload({ httpPort: odd.port });
      assert.equal((await curl(`http://garbage.example:${odd.port}/`, trusting)).status, 502);
    });
  }
  await place.step('an answer cut short is cut short for the client too, not passed off as whole', async () => {
    const odd = await startOdd(place, (socket) => onHead(socket, () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this')));
    await u.gateway.reload({ httpPort: odd.port });
    const got = await curl(`http://short.example:${odd.port}/`, trusting);
    assert.equal(got.code, 18, 'curl must see a partial file');
    const chunked = await startOdd(place, (socket) => onHead(socket, () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n')));
    await u.gateway.reload({ httpPort: chunked.port });
    assert.notEqual((await curl(`http://short.example:${chunked.port}/`, trusting)).code, 0);
  });
  await place.step('the gateway still serves', async () => {
    await u.gateway.reload({});
    assert.ok(await isServing(u.gateway.port));
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
  });
});
