// Rules for the addresses of servers: networks, countries and networks by
// number, checked where a connection is about to be made or used again.
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';

import { countries, numbers } from '../support/mmdb.mjs';
import { curl } from './lib/client.mjs';
import { copgate, makeBundle } from './lib/gateway.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const requirement = (name, list, extra = '') => `id: cop:req:XX:order:${name}
version: 1
status: in_force
kind: list
title: {en: "Order ${name}"}
legal:
  jurisdiction: [XX]
  instrument: {name: "Order", type: administrative_order, citation: "Order ${name}"}
  authority: "Office of Examples"
time: {effective_from: 2024-01-01}
scope: {age: {min: 0, max: ${name === 'young' ? 18 : 120}}}
target:
  list: [{${list}, semantics: deny}${extra}]
action: block
strength: mandatory
collateral_guard: {max_cohosted: 256, whole_networks: true, on_trip: allow}
notice: {stop_page: {required: true, text: {en: "Closed by order ${name}."}, include: [reason, authority, appeal]}}
appeal: {who: [user], channel: [email], contact: {en: "The office"}}
logging: {duty: permitted, identity: none}
verification:
  vectors:
    - {id: v, when: {VECTOR}, then: {decision: block}}
`;

scenario('addresses', async (place) => {
  const sources = {
    warned: requirement('warned', 'entries: ["127.0.6.0/24"], object: cidr').replace('action: block', 'action: warn')
      .replace('VECTOR', 'url: "http://some.example/", ip: 127.0.6.1').replace('decision: block', 'decision: warn'),
    led: requirement('led', 'entries: ["127.0.7.0/24"], object: cidr').replace('action: block', 'action: redirect')
      .replace('include:', 'redirect_url: "https://library.example/help", include:')
      .replace('VECTOR', 'url: "http://some.example/", ip: 127.0.7.1').replace('decision: block', 'decision: redirect'),
    network: requirement('network', 'entries: ["127.0.2.0/24"], object: cidr', ', {entries: [excepted.example], object: host, semantics: allow}')
      .replace('VECTOR', 'url: "http://some.example/", ip: 127.0.2.1'),
    young: requirement('young', 'entries: ["127.0.5.0/24"], object: cidr').replace('VECTOR', 'url: "http://some.example/", ip: 127.0.5.1')
      .replace('{id: v,', '{id: v, given: {age: 9},'),
    country: requirement('country', 'entries: [XA], object: country').replace('VECTOR', 'dns: {qname: some.example}, country: XA'),
    number: requirement('number', 'entries: [AS64496], object: as').replace('VECTOR', 'sni: some.example, as: AS64496'),
  };
  for (const [name, text] of Object.entries(sources)) place.file(`rules/${name}.yaml`, text);
  place.file('rules/bundle.yaml', 'id: cop:bundle:addresses\ntitle: "Addresses"\nissuer: "tests"\nlicence: Apache-2.0\nrevision: "1"\n');
  const orders = await makeBundle(place, 'orders', [place.path('rules')]);
  const packs = await makeBundle(place);
  const now = Math.floor(Date.now() / 1000);
  const data = place.path('country.mmdb');
  writeFileSync(data, countries({ '127.0.3.0/24': 'XA' }, { built: now - 3 * 86400 }));
  writeFileSync(place.path('as.mmdb'), numbers({ '127.0.4.0/24': 64496 }, { built: now - 100 * 86400 }));
  const extra = `locations: {countries: ${data}, networks: ${place.path('as.mmdb')}, max_age_days: 30}`;
  const hosts = {
    'network.example': '127.0.2.1', 'excepted.example': '127.0.2.1', 'country.example': '127.0.3.1',
    'number.example': '127.0.4.1', 'mixed.example': '127.0.2.1", "127.0.0.1', 'moving.example': '127.0.0.1', 'young.example': '127.0.5.1',
    'warned.example': '127.0.6.1', 'led.example': '127.0.7.1',
  };
  // Every address is on the loopback interface; the origin answers at one.
  const u = await usual(place, { gateway: { extra, bundles: [packs, orders] }, names: Object.keys(hosts) });
  const reload = (changes) => u.gateway.reload({ hosts: { ...u.hosts, ...hosts }, ...changes });
  await reload({});
  const options = { proxy: u.gateway.proxy, cacert: u.trustBoth };
  const page = { ...options, args: ['-H', 'Accept: text/html'] };
  const get = (url, how = page) => curl(url, how);
  const blocked = (name) => u.gateway.line(`the block of ${name}`, (l) => l.stage === 'address' && l.host === name && l.action === 'block');

  for (const [name, kind, text] of [['network', 'network', '127.0.2.0/24'], ['country', 'country', 'XA'], ['number', 'as', 'AS64496']]) {
    await place.step(`a ${name} that is blocked: the notice names the order, the log the rule`, async () => {
      const plain = await get(u.http(`${name}.example`));
      assert.ok([403, 451].includes(plain.status), `${plain.status}`);
      assert.match(plain.body, new RegExp(`Closed by order ${name}`));
      const line = await blocked(`${name}.example`);
      assert.equal(line.requirement, `cop:req:XX:order:${name}`);
      assert.equal(line.rule.kind, kind);
      assert.equal(line.rule.text, text);
      assert.equal(line.address, hosts[`${name}.example`]);
      assert.ok(plain.body.includes(line.reference), 'the reference is on the notice');
    });
    await place.step(`a ${name} that is blocked, over TLS: the same notice`, async () => {
      const secure = await get(u.https(`${name}.example`));
      assert.ok([403, 451].includes(secure.status), `${secure.status}`);
      assert.match(secure.body, new RegExp(`Closed by order ${name}`));
    });
  }
  await place.step('a warning about an address closes it: there is no way on', async () => {
    const got = await get(u.http('warned.example'));
    assert.ok([403, 451].includes(got.status), `${got.status}`);
    assert.match(got.body, /Closed by order warned/);
    assert.doesNotMatch(got.body, /<form/);
    await blocked('warned.example');
  });
  await place.step('a redirection away from an address leads there', async () => {
    const got = await get(u.http('led.example'));
    assert.equal(got.status, 302, got.body);
    assert.equal(got.headers.location, 'https://library.example/help');
    assert.equal((await get(u.http('led.example'), options)).status, 302);
    await u.gateway.line('the redirection', (l) => l.stage === 'address' && l.host === 'led.example' && l.action === 'redirect');
  });
  await place.step('a host that is an address is judged by it too', async () => {
    const got = await get(u.http('127.0.3.1'));
    assert.match(got.body, /Closed by order country/);
    assert.match((await get(u.http('127.0.2.1'))).body, /Closed by order network/);
  });
  await place.step('an exception of the same requirement holds: the address is tried', async () => {
    const got = await get(u.http('excepted.example'));
    assert.equal(got.status, 502, 'nothing listens there, and that is what is said');
    assert.ok(!u.gateway.lines().some((l) => l.stage === 'address' && l.host === 'excepted.example'));
  });
  await place.step('of several addresses those that are not blocked are used', async () => {
    assert.equal((await get(u.http('mixed.example'))).status, 200);
    assert.equal((await get(u.https('mixed.example'))).status, 200);
  });
  await place.step('a tunnel that may not be looked into is ended, and no page is forged', async () => {
    await reload({ inspect: 'none' });
    const got = await get(u.https('network.example'), { ...options, fails: true });
    assert.notEqual(got.code, 0);
    await u.gateway.line('the end', (l) => l.event === 'end' && l.host === 'network.example' && l.reason === 'refused');
    assert.equal((await get(u.https('mixed.example'))).status, 200);
    await reload({});
  });
  await place.step('an idle connection is no way round another policy, or another profile', async () => {
    assert.equal((await get(u.http('moving.example'))).status, 200);
    writeFileSync(data, countries({ '127.0.0.0/24': 'XA' }, { built: now }));
    await reload({});
    const got = await get(u.http('moving.example'));
    assert.match(got.body, /Closed by order country/);
    writeFileSync(data, countries({ '127.0.3.0/24': 'XA' }, { built: now - 3 * 86400 }));
    await reload({});
    assert.equal((await get(u.http('moving.example'))).status, 200);
  });
  await place.step('an order about children does not close for adults', async () => {
    assert.match((await get(u.http('young.example'))).body, /Closed by order young/);
    await reload({ profile: 'adult' });
    assert.equal((await get(u.http('young.example'))).status, 502);
    await reload({});
  });
  await place.step('the age of the databases is told, an old one warned about', async () => {
    const checked = await copgate(['-t', '--json', '-c', u.gateway.file]);
    const report = JSON.parse(checked.out);
    assert.equal(report.ok, true, checked.out);
    assert.deepEqual(report.databases.map((d) => [d.kind, d.state, d.type, d.age_days]), [['country', 'ready', 'Test-Country', 3], ['as', 'stale', 'Test-ASN', 100]]);
    assert.ok(report.findings.some((f) => f.severity === 'warning' && /100 days ago/.test(f.what)), checked.out);
    assert.match(u.gateway.kept.err, /countries are looked up in Test-Country, built \d{4}-\d\d-\d\d, 3 days old/);
    const counts = await u.gateway.counts();
    assert.equal(counts.countries_built, now - 3 * 86400);
    assert.equal(counts.networks_built, now - 100 * 86400);
  });
  await place.step('a database that is gone or damaged at a reload: said loudly, the one before stays', async () => {
    for (const spoil of [() => rmSync(data), () => writeFileSync(data, 'no database')]) {
      spoil();
      await reload({});
      assert.match((await get(u.http('country.example'))).body, /Closed by order country/);
      assert.equal((await get(u.http(names.allowed))).status, 200);
    }
    assert.match(u.gateway.kept.err, /the one before it, 3 days old, stays in use/);
  });
  await place.step('without one: said loudly, its rules match nothing, the gateway serves', async () => {
    const checked = await copgate(['-t', '--json', '-c', u.gateway.file]);
    const report = JSON.parse(checked.out);
    assert.equal(report.ok, true);
    assert.equal(report.databases[0].state, 'unusable');
    assert.ok(report.findings.some((f) => /rules about countries/.test(f.what)), checked.out);
    await reload({ extra: extra.replace(`countries: ${data}, `, '') });
    assert.match(u.gateway.kept.err, /rules about countries and no database/);
    assert.equal((await get(u.http('country.example'))).status, 502);
    assert.equal((await get(u.http(names.allowed))).status, 200);
    assert.match((await get(u.http('number.example'))).body, /Closed by order number/);
    await reload({}); // damaged still, and nothing before it
    assert.equal((await get(u.http('country.example'))).status, 502);
    assert.equal((await u.gateway.counts()).countries_built, 0);
  });
  await place.step('where they are required, a reload without one is refused and nothing changes', async () => {
    writeFileSync(data, countries({ '127.0.3.0/24': 'XA' }, { built: now }));
    const required = { extra: extra.replace('max_age', 'required: true, max_age') };
    await reload(required);
    copyFileSync(place.path('as.mmdb'), data); // of another kind
    await reload(required);
    assert.match(u.gateway.kept.err, /which has no countries/);
    assert.match(u.gateway.kept.err, /reload refused/);
    assert.match((await get(u.http('country.example'))).body, /Closed by order country/);
    const checked = await copgate(['-t', '--json', '-c', u.gateway.file]);
    assert.notEqual(checked.code, 0);
    assert.equal(JSON.parse(checked.out).ok, false);
  });
  assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
});
