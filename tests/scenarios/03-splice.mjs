// What policy need not read is passed on unread.
import assert from 'node:assert/strict';

import { curl } from './lib/client.mjs';
import { makeBundle, policyText } from './lib/gateway.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario } from './lib/scenario.mjs';
import { adult, names, usual } from './lib/usual.mjs';

// A bundle with host rules alone: nothing in it could tell two URLs of a host
// apart, so there is never a reason to look inside an allowed connection.
const hostsOnly = (place) => {
  place.file('hosts-only/bundle.yaml', 'id: cop:bundle:hosts-only\ntitle: "hosts"\nissuer: "a test"\nlicence: "CC0-1.0"\nrevision: "1"\n');
  place.file('hosts-only/list.yaml', `id: cop:list:gambling\nformat: domains\nentries: ["${names.blocked}"]\nobject: domain\ncategories: [gambling.real_money]\nlicence: "CC0-1.0"\n`);
  return makeBundle(place, 'hosts-only', [place.path('hosts-only')]);
};

scenario('splice', async (place) => {
  const bundle = await hostsOnly(place);
  const u = await usual(place, {
    bundle,
    policy: policyText(['{name: child, age: 9, subscriber: residential, block: [gambling.real_money]}']),
  });
  const own = { proxy: u.gateway.proxy, cacert: u.authority.certificate };

  await place.step('an allowed host shows its own certificate', async () => {
    const got = await curl(u.https(names.allowed), own);
    assert.equal(got.code, 0, got.err);
    assert.match(got.body, /The origin's page/);
    const line = await u.gateway.line('the decision', (l) => l.event === 'decision' && l.stage === 'connect');
    assert.equal(line.mode, 'splice');
    assert.equal(line.action, 'allow');
  });
  await place.step('a megabyte arrives whole, and its end is counted', async () => {
    const got = await curl(u.https(names.allowed, '/big'), own);
    assert.equal(got.body.length, 1024 * 1024);
    const end = await u.gateway.line('the end', (l) => l.event === 'end' && l.mode === 'splice' && l.down_bytes > 1024 * 1024);
    assert.ok(end.up_bytes > 0);
  });
  await place.step('an upload is passed on too', async () => {
    const odd = await startOdd(place, (socket) => {
      let n = 0;
      socket.on('data', (d) => { n += d.length; if (n > 3 * 1024 * 1024) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'); });
    }, u.certificate);
    await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${odd.port}` });
    const got = await curl(`https://${names.allowed}:${odd.port}/`, { ...own, args: ['-H', 'Expect:', '--data-binary', '@-'], input: 'x'.repeat(3 * 1024 * 1024) });
    assert.equal(got.status, 200, got.err);
  });
  await place.step('a blocked host is intercepted to be explained', async () => {
    const got = await curl(u.https(names.blocked), { proxy: u.gateway.proxy, cacert: u.ca.certificate });
    assert.equal(got.status, 403);
  });
  await place.step('with inspection switched off, a blocked host is refused before TLS', async () => {
    await u.gateway.reload({ inspect: 'none' });
    const got = await curl(u.https(names.blocked), own);
    assert.equal(got.code, 56);
    const allowed = await curl(u.https(names.allowed), own);
    assert.equal(allowed.status, 200);
    await u.gateway.line('the refusal', (l) => l.event === 'end' && l.reason === 'refused');
  });
  await place.step('with inspection of everything, protected places are still never looked into', async () => {
    const packs = await makeBundle(place);
    place.file('policy.yaml', policyText([adult]));
    await u.gateway.reload({ bundles: [packs], inspect: 'all', profile: 'adult' });
    const got = await curl(u.https(names.neverInspected), own);
    assert.equal(got.code, 0, got.err);
    assert.match(got.body, /The origin's page/);
    const other = await curl(u.https(names.allowed), { proxy: u.gateway.proxy, cacert: u.ca.certificate });
    assert.equal(other.code, 0, other.err);
  });
  await place.step('a tunnel lives through a reload', async () => {
    const odd = await startOdd(place, (socket) => onHead(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
      setTimeout(() => socket.write('cd'), 1500);
    }), u.certificate);
    await u.gateway.reload({ bundles: [bundle], inspect: 'needed', profile: 'child', tlsPort: `${u.origin.tlsPort}, ${odd.port}` }).catch(() => {});
    place.file('policy.yaml', policyText(['{name: child, age: 9, block: [gambling.real_money]}']));
    await u.gateway.reload({ bundles: [bundle], inspect: 'needed', profile: 'child', tlsPort: `${u.origin.tlsPort}, ${odd.port}` });
    const slow = curl(`https://${names.allowed}:${odd.port}/`, own);
    await new Promise((done) => { setTimeout(done, 500); });
    await u.gateway.reload({ bundles: [bundle], inspect: 'needed', profile: 'child', tlsPort: u.origin.tlsPort });
    const got = await slow;
    assert.equal(got.body, 'abcd');
  });
});
