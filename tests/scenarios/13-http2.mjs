// HTTP/1.1 and HTTP/2 on either side: what a message is comes through in all
// four combinations.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { curl } from './lib/client.mjs';
import { ask, askHttp1, startOrigin2, startSession } from './lib/http2.mjs';
import { scenario, until } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const same = (a, b) => Buffer.compare(a, b) === 0;
const some = Buffer.alloc(300_000, 'child online protection ');

// Send a body in pieces, without saying how long it will be.
const inPieces = (stream) => {
  for (let at = 0; at < some.length; at += 50_000) stream.write(some.subarray(at, at + 50_000));
  stream.end();
};

async function messages(place, title, site, open) {
  const step = (what, work) => place.step(`${title}: ${what}`, async () => work(await open()));
  const site2 = site.origin;

  await step('GET', async (client) => {
    const got = await client({ ':path': '/hello' });
    assert.equal(got.status, 200);
    assert.match(got.text, /^hello over /);
    assert.equal(got.headers.via?.slice(0, 3), site2.speaks === 'h2' ? '2.0' : '1.1');
    assert.equal(site2.seen.at(-1).version, site2.speaks === 'h2' ? '2.0' : '1.1');
  });
  await step('HEAD has a length and no body', async (client) => {
    const got = await client({ ':method': 'HEAD', ':path': '/hello' });
    assert.equal(got.status, 200);
    assert.equal(got.headers['content-length'], '5');
    assert.equal(got.body.length, 0);
  });
  await step('204 and 304', async (client) => {
    assert.equal((await client({ ':path': '/none' })).status, 204);
    const got = await (await open())({ ':path': '/unmodified' });
    assert.equal(got.status, 304);
    assert.equal(got.headers.etag, '"x"');
  });
  await step('POST of a known length', async (client) => {
    const got = await client({ ':method': 'POST', ':path': '/echo', 'content-length': String(some.length) }, some);
    assert.equal(got.status, 200);
    assert.ok(same(got.body, some), `${got.body.length} bytes`);
    assert.equal(got.headers['x-length'], String(some.length));
  });
  await step('POST of an unknown length', async (client) => {
    const got = await client({ ':method': 'POST', ':path': '/echo' }, inPieces);
    assert.equal(got.status, 200);
    assert.ok(same(got.body, some), `${got.body.length} bytes`);
    assert.equal(got.headers['x-length'], 'none');
  });
  await step('an empty POST', async (client) => {
    const got = await client({ ':method': 'POST', ':path': '/echo', 'content-length': '0' }, '');
    assert.equal(got.status, 200);
    assert.equal(got.body.length, 0);
  });
  await step('trailers of the answer, as gRPC has them', async (client) => {
    const got = await client({ ':path': '/trailers', te: 'trailers' });
    assert.equal(got.text, 'message');
    assert.equal(got.trailers?.['grpc-status'], '7');
    assert.equal(got.trailers?.['grpc-message'], 'no');
  });
  await step('early hints come before the answer', async (client) => {
    const got = await client({ ':path': '/hints' });
    assert.deepEqual(got.infos.map((info) => [info[':status'], info.link]), [[103, '</x.css>; rel=preload']]);
    assert.equal(got.text, 'hinted');
  });
  await step('100-continue', async (client) => {
    const got = await client({ ':method': 'POST', ':path': '/echo', expect: '100-continue' }, (stream) => {
      stream.once('continue', () => stream.end('after all'));
    });
    assert.equal(got.text, 'after all');
  });
  await step('an answer before the request is whole', async (client) => {
    const got = await client({ ':method': 'POST', ':path': '/early' }, (stream) => { stream.on('error', () => {}); stream.write('never ends'); });
    assert.equal(got.status, 413);
    assert.equal(got.text, 'too much');
  });
  await step('8 MiB come whole', async (client) => {
    const got = await client({ ':path': '/large' });
    assert.ok(same(got.body, site2.large), `${got.body.length} bytes`);
  });
  await step('a server that breaks off before a head is a page', async (client) => {
    const got = await client({ ':method': 'POST', ':path': '/reset' }, 'x');
    assert.equal(got.status, 502);
  });
  await step('one that breaks off in the body is not taken for whole', async (client) => {
    const got = await client({ ':path': '/cut' });
    assert.equal(got.status, 200);
    assert.notEqual(got.rst, 0);
  });
  await step('a client that breaks off lets the server know', async (client) => {
    let asked = null;
    void client({ ':method': 'POST', ':path': '/hang' }, (stream) => {
      stream.on('error', () => {});
      stream.write('the beginning');
      asked = stream;
    });
    await until('the request to hang', () => site2.hanging.size > 0);
    if (asked.close) asked.close(8); else asked.destroy();
    await until('the server to hear of it', () => site2.hanging.size === 0);
  });
}

scenario('http2', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all', http2: 'always', limits: { idle_ms: 20000 } } });
  const ca = readFileSync(u.ca.certificate, 'utf8');
  const authority = (port) => `${names.allowed}:${port}`;
  const origins = {
    'http/1.1': await startOrigin2(place, u.certificate, { speaks: 'http/1.1' }),
    h2: await startOrigin2(place, u.certificate, { speaks: 'h2' }),
  };
  await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${origins['http/1.1'].port}, ${origins.h2.port}` });
  for (const [server, origin] of Object.entries(origins)) {
    let session = null;
    await messages(place, `http/1.1 to ${server}`, { origin }, async () => (fields, body) => askHttp1(u.gateway.port, names.allowed, origin.port, ca, fields, body));
    await messages(place, `h2 to ${server}`, { origin }, async () => {
      session ??= await startSession(place, u.gateway.port, names.allowed, origin.port, ca);
      return (fields, body) => ask(session, { ':authority': authority(origin.port), ...fields }, body);
    });
    await place.step(`h2 to ${server}: all of it went over one connection of the client`, () => {
      assert.equal(session.destroyed, false);
      session.close();
    });
  }
  await place.step('curl speaks HTTP/2 with a site that nginx serves', async () => {
    const got = await curl(u.https(names.allowed), { proxy: u.gateway.proxy, cacert: u.ca.certificate, args: ['--http2', '-w', '\n%{http_version}'] });
    assert.equal(got.status, 200, got.err);
    assert.match(got.body, /\n2$/);
    assert.match(readFileSync(u.origin.accessLog, 'utf8'), /HTTP\/2\.0/);
  });
  await place.step('all requests to the HTTP/2 server shared few connections', () => {
    assert.ok(origins.h2.connections <= 4, `${origins.h2.connections} connections`);
  });
});
