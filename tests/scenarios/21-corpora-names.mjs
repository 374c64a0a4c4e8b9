// The corpora of names, targets and ClientHellos, through a real gateway: what
// is blocked stays blocked under each spelling, what is closed stays closed,
// and no byte of a connection that was not decided on goes further.
import assert from 'node:assert/strict';

import { raw } from './lib/client.mjs';
import { corpus } from './lib/corpus.mjs';
import { isServing, makeBundle } from './lib/gateway.mjs';
import { startOdd } from './lib/odd_origin.mjs';
import { scenario, sleep } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const encode = (text) => text.replace(/[\x80-\xff]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
const get = (host, path = '/', fields = '') => `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`;
const connect = (host) => `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

scenario('corpora-names', async (place) => {
  const seen = []; // what arrived at the server, a connection each
  const record = (socket) => {
    const i = seen.push('') - 1;
    socket.on('data', (data) => {
      seen[i] += data.toString('latin1');
      if (seen[i].startsWith('GET ') && seen[i].endsWith('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nrecorded');
      else setTimeout(() => socket.destroy(), 20);
    });
  };
  const http = await startOdd(place, record);
  const tls = await startOdd(place, record);
  place.file('lists/bundle.yaml', 'id: cop:bundle:lists\ntitle: "lists"\nissuer: "a test"\nlicence: "CC0-1.0"\nrevision: "1"\n');
  place.file('lists/hosts.yaml', `id: cop:list:hosts\nformat: domains\nentries: ["${names.blocked}"]\nobject: domain\ncategories: [gambling.real_money]\nlicence: "CC0-1.0"\n`);
  place.file('lists/urls.yaml', `id: cop:list:urls\nformat: urls\nentries: ["${names.allowed}:${http.port}/banned/page"]\ncategories: [gambling.real_money]\nlicence: "CC0-1.0"\n`);
  const bundle = await makeBundle(place, 'lists', [place.path('lists')]);
  const u = await usual(place, {
    bundle,
    policy: 'policy: 1\nplace: household\nprofiles:\n  - {name: child, age: 9, subscriber: residential, block: [gambling.real_money]}\n  - {name: adult, age: 40, subscriber: residential}\n',
    gateway: { limits: { hello_ms: 300, request_ms: 1000, idle_ms: 1000, resolve_ms: 100, connect_ms: 500 } },
  });
  const hosts = { ...u.hosts, 'self.example': '127.0.0.1', 'private.example': '10.0.0.1', 'metadata.example': '169.254.169.254', 'six.example': '::1', 'ula.example': 'fd00::1', 'mapped.example': '::ffff:127.0.0.1', 'nat64.example': '64:ff9b::7f00:1', 'any.example': '0.0.0.0' };
  const settings = { httpPort: `${u.origin.httpPort}, ${http.port}, ${u.gateway.port}`, tlsPort: `${u.origin.tlsPort}, ${tls.port}`, hosts };
  await u.gateway.reload(settings);
  const port = u.gateway.port;
  const ask = (bytes) => raw(port, bytes, { quietMs: 3000, pauseMs: 15 });

  const decided = corpus('tls/hellos.txt');

  // All of a file, and everything that came out otherwise.
  async function play(samples, check) {
    const wrong = [];
    for (const sample of samples) {
      const before = seen.length;
      try {
        await check(sample, () => seen.slice(before));
      } catch (error) {
        wrong.push(`${sample.number} ${sample.title}: not ${sample.outcome}: ${error.message.slice(0, 200)}`);
      }
    }
    assert.deepEqual(wrong, []);
  }

  await place.step('a host and a page that are not blocked arrive', async () => {
    assert.match((await ask(get(`${names.allowed}:${http.port}`))).text, /recorded/);
    assert.ok(seen.length > 0);
  });
  await place.step('a blocked host under each spelling', () => play(corpus('names/hosts.txt'), async ({ bytes, outcome }, fresh) => {
    for (const spelled of new Set([bytes, encode(bytes)])) {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec((await ask(get(`${spelled}:${http.port}`))).text)?.[1]);
      const isPlain = !/[\x80-\xff]/.test(spelled);
      const wanted = !isPlain || outcome === 'refused' ? [400] : outcome === 'same' ? [403, 451] : [502, 503, 504];
      assert.ok(wanted.includes(status), `${JSON.stringify(spelled)}: ${status}`);
      await ask([connect(`${spelled}:${tls.port}`), decided[0].bytes]);
    }
    assert.deepEqual(fresh(), []);
  }));
  await place.step('a blocked page under each spelling', () => play(corpus('names/urls.txt'), async ({ bytes, outcome }, fresh) => {
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec((await ask(get(`${names.allowed}:${http.port}`, bytes))).text)?.[1]);
    assert.ok({ same: [403, 451], refused: [400], other: [200] }[outcome].includes(status), `${status}`);
    assert.equal(fresh().length, outcome === 'other' ? 1 : 0);
  }));
  await place.step('what a client says of itself grants nothing', async () => {
    for (const fields of ['Referer: http://library.example/\r\n', 'User-Agent: bot\r\n', 'X-Forwarded-For: 127.0.0.1\r\n', 'X-Forwarded-Host: library.example\r\n', 'X-Original-URL: /\r\nX-Rewrite-URL: /\r\n', 'X-HTTP-Method-Override: HEAD\r\n', 'Range: bytes=0-0\r\n', 'Accept-Encoding: identity;q=0, br, x\r\n', 'Cache-Control: only-if-cached\r\n', 'Sec-Fetch-Dest: image\r\n']) {
      const { text } = await ask(get(`${names.blocked}:${http.port}`, '/', fields));
      assert.match(text, /^HTTP\/1\.1 (403|451)/, fields);
    }
    for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'PROPFIND']) {
      const { text } = await ask(`${method} http://${names.blocked}:${http.port}/ HTTP/1.1\r\nHost: ${names.blocked}:${http.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      assert.match(text, /^HTTP\/1\.1 (403|451)/, method);
    }
    assert.ok(!seen.some((s) => s.includes(names.blocked)));
  });
  await place.step('a blocked notice is kept nowhere', async () => {
    const { text } = await ask(get(`${names.blocked}:${http.port}`, '/%22%3E%3Cscript%3Ex', 'Accept: text/html\r\n'));
    assert.match(text, /\r\ncache-control: [^\r]*no-store/i);
    assert.match(text, /\r\ncontent-security-policy: /i);
    assert.doesNotMatch(text, /<script>x/i);
  });
  await place.step('a request that has been here before is refused', async () => {
    await ask(get(`${names.allowed}:${http.port}`));
    const via = /\r\nVia: ([^\r]*)/i.exec(seen.at(-1))[1];
    assert.match((await ask(get(`${names.allowed}:${http.port}`, '/', `Via: 1.0 a, ${via}\r\n`))).text, /^HTTP\/1\.1 508/);
    assert.match((await ask(get(`self.example:${port}`))).text, /^HTTP\/1\.1 403/);
  });

  const through = (target, bytes) => ask([connect(`${target}:${tls.port}`), bytes.slice(0, 3), bytes.slice(3, 60), bytes.slice(60)].filter((part) => part !== ''));
  await place.step('each ClientHello to a place that is blocked, or named otherwise', () => play(decided, async ({ bytes, outcome }, fresh) => {
    await through(names.blocked, bytes);
    await sleep(2);
    assert.deepEqual(fresh(), [], 'to the blocked host');
    await through(names.allowed, bytes);
    await sleep(2);
    if (outcome !== 'unnamed') assert.deepEqual(fresh(), [], 'to another host');
  }));
  await place.step('each ClientHello to a place that is open, spliced', async () => {
    await u.gateway.reload({ ...settings, profile: 'adult' });
    await play(decided, async ({ bytes, outcome }, fresh) => {
      await through(names.blocked, bytes);
      await sleep(2);
      const got = fresh().join('');
      if (outcome === names.blocked || outcome === 'unnamed') assert.ok(got === bytes, `arrived: ${got.length} of ${bytes.length} bytes`);
      else assert.equal(got, '');
    });
  });

  await place.step('this machine and its neighbours, under each spelling', async () => {
    await u.gateway.reload({ ...settings, reach: [] });
    const hello = decided[0].bytes;
    await play(corpus('names/reach.txt'), async ({ bytes }, fresh) => {
      const spelled = encode(bytes);
      const { text } = await ask(get(`${spelled}:${http.port}`));
      assert.match(text, /^HTTP\/1\.1 403/, text.slice(0, 60));
      await ask([connect(`${spelled}:${tls.port}`), hello]);
      assert.deepEqual(fresh(), []);
    });
  });
  await place.step('names that lead there', async () => {
    const before = seen.length;
    for (const name of Object.keys(hosts).filter((n) => !u.hosts[n])) {
      assert.match((await ask(get(`${name}:${http.port}`))).text, /^HTTP\/1\.1 403/, name);
      await ask([connect(`${name}:${tls.port}`), decided[0].bytes]);
    }
    assert.equal(seen.length, before);
  });
  await place.step('ports that are not allowed', async () => {
    for (const other of [22, 25, 53, 853, 3128, 3478, 5349, 8443, 65535]) {
      assert.match((await ask(connect(`${names.allowed}:${other}`))).text, /^HTTP\/1\.1 403/, `${other}`);
      assert.match((await ask(get(`${names.allowed}:${other}`))).text, /^HTTP\/1\.1 403/, `${other}`);
    }
  });
  await place.step('the gateway serves as before', async () => {
    assert.ok(await isServing(port));
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
