// What operators get wrong: `copgate -t` and the start say where and what to
// do, exit with the right code, and touch nothing.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

import { makeAuthority, makeCertificate } from './lib/certificates.mjs';
import { configText, copgate, makeBundle, makeCa, policyText } from './lib/gateway.mjs';
import { freePort } from './lib/process.mjs';
import { scenario } from './lib/scenario.mjs';
import { child } from './lib/usual.mjs';

scenario('bad-setup', async (place) => {
  const bundle = await makeBundle(place);
  const ca = await makeCa(place);
  const otherCa = await makeCa(place, 'other-ca');
  const authority = await makeAuthority(place, 'origin');
  const leaf = await makeCertificate(place, { name: 'leaf', names: ['a.example'], issuer: authority });
  const policy = place.file('policy.yaml', policyText([child]));
  const port = await freePort();
  const good = { port, bundles: [bundle], policy, ca, tlsPort: 8443, httpPort: 8080, profile: 'child', log: place.path('log.jsonl') };
  const write = (name, changes = {}, tail = '') => place.file(`${name}.yaml`, configText({ ...good, ...changes }) + tail);

  await place.step('a good configuration is called valid, in words and as JSON', async () => {
    const file = write('good');
    const said = await copgate(['-t', '-c', file]);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /is valid/);
    const json = JSON.parse((await copgate(['-t', '--json', '-c', file])).out);
    assert.equal(json.schema, 'copgate/check/v1');
    assert.equal(json.ok, true);
  });

  const altered = readFileSync(bundle);
  altered[altered.length >> 1] ^= 0x20;
  const newer = readFileSync(bundle);
  newer[8] = 99;
  const bad = [
    ['malformed YAML', () => write('a', {}, 'user: [\n'), /a\.yaml:\d+:\d+: error/],
    ['an unknown key, with a suggestion', () => write('b', {}, 'wokers: 2\n'), /b\.yaml:\d+:\d+: error: .*wokers[\s\S]*workers/],
    ['a duplicate key', () => write('c', {}, 'inspect: all\n'), /c\.yaml:\d+:\d+: error: .*inspect/],
    ['a tab', () => write('d', {}, 'user:\tnobody\n'), /d\.yaml:\d+/],
    ['a port that is none', () => write('e', { port: 99999 }), /no address to listen on/],
    ['a bundle that is missing', () => write('f', { bundles: [place.path('none.cop')] }), /none\.cop: error: cannot be opened[\s\S]*to do: /],
    ['a bundle that was altered', () => write('g', { bundles: [place.file('altered.cop', altered)] }), /altered\.cop: error: .*digest/],
    ['a bundle cut short', () => write('h', { bundles: [place.file('short.cop', readFileSync(bundle).subarray(0, 3000))] }), /short\.cop: error/],
    ['an empty bundle', () => write('i', { bundles: [place.file('empty.cop', '')] }), /empty\.cop: error/],
    ['a file that is no bundle', () => write('j', { bundles: [place.file('text.cop', 'hello\n'.repeat(2000))] }), /text\.cop: error/],
    ['a bundle of a newer format', () => write('k', { bundles: [place.file('newer.cop', newer)] }), /newer\.cop: error/],
    ['the same bundle twice', () => write('l', { bundles: [bundle, bundle] }), /error/],
    ['a policy file with an unknown template', () => write('m', { policy: place.file('p1.yaml', policyText(['{name: child, age: 9, template: no-such-template}'])) }), /no-such-template/],
    ['a policy file with a duplicate profile', () => write('n', { policy: place.file('p2.yaml', policyText([child, child])) }), /p2\.yaml:\d+:\d+: error/],
    ['a policy file with a list line that is no domain', () => write('o', { policy: place.file('p3.yaml', policyText(['{name: child, age: 9, deny: ["not a domain"]}'])) }), /p3\.yaml:\d+:\d+: error/],
    ['a time zone that nobody knows', () => write('u', { policy: place.file('p4.yaml', `timezone: Europe/Atlantis\n${policyText([child])}`) }), /p4\.yaml: error: .*Europe\/Atlantis/],
    ['a default profile that nobody knows', () => write('p', { profile: 'nobody' }), /nobody/],
    ['the key of another CA', () => write('q', { ca: { certificate: ca.certificate, key: otherCa.key } }), /error/],
    ['a CA that is none', () => write('r', { ca: { certificate: leaf.certificate, key: leaf.key } }), /error/],
    ['a CA that is no PEM', () => write('s', { ca: { certificate: place.file('x.crt', 'no'), key: ca.key } }), /x\.crt: error/],
    ['roots that are none', () => write('t', { trust: place.file('x.pem', 'no roots') }), /x\.pem/],
  ];
  for (const [what, make, expected] of bad) {
    await place.step(`${what}: exit 78 and a message`, async () => {
      const file = make();
      const checked = await copgate(['-t', '-c', file]);
      assert.equal(checked.code, 78, `${checked.out}${checked.err}`);
      assert.match(checked.err, expected);
      const json = await copgate(['-t', '--json', '-c', file]);
      assert.equal(json.code, 78);
      assert.equal(JSON.parse(json.out).ok, false);
      assert.ok(JSON.parse(json.out).findings.length > 0);
      const started = await copgate(['-c', file], { timeoutMs: 20_000 });
      assert.equal(started.code, 78, `started: ${started.err}`);
    });
  }
  await place.step('no configuration, no such file, no such option', async () => {
    assert.equal((await copgate([])).code, 2);
    assert.equal((await copgate(['--no-such'])).code, 2);
    assert.equal((await copgate(['-t', '-c', place.path('none.yaml')])).code, 78);
    assert.equal((await copgate(['--help'])).code, 0);
    assert.match((await copgate(['--version'])).out, /^copgate \d/);
  });
  await place.step('a port in use: exit 69, and it says what to do', async () => {
    const server = createServer();
    await new Promise((done) => { server.listen(port, '127.0.0.1', done); });
    const started = await copgate(['-c', write('good')], { timeoutMs: 20_000 });
    await new Promise((done) => { server.close(done); });
    assert.equal(started.code, 69, started.err);
    assert.match(started.err, /another program listens there/);
  });
  await place.step('a CA is never overwritten', async () => {
    const before = readFileSync(ca.key, 'utf8');
    const again = await copgate(['--create-ca', place.path('gateway-ca')]);
    assert.equal(again.code, 1);
    assert.equal(readFileSync(ca.key, 'utf8'), before);
    writeFileSync(place.path('plain-file'), '');
    assert.equal((await copgate(['--create-ca', place.path('plain-file')])).code, 1);
  });
});
