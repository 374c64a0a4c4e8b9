// Connections that the firewall brings: the rules as they ship, in networks of
// the test's own, both ways of bringing, both address families.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeAuthority, makeCertificate } from './lib/certificates.mjs';
import { startBrowser } from './lib/browser.mjs';
import { curl } from './lib/client.mjs';
import { makeBundle, makeCa, policyText, startGateway } from './lib/gateway.mjs';
import { addresses, makeNetworks, whyNoNetworks } from './lib/networks.mjs';
import { keep, run } from './lib/process.mjs';
import { scenario, skip, source, until } from './lib/scenario.mjs';
import { child, names } from './lib/usual.mjs';

const why = await whyNoNetworks();
if (why !== null) skip('transparent', why);

const shipped = join(source, 'deploy/nftables');
const sites = [names.allowed, names.blocked, names.neverInspected];
const families = [0, 1].map((f) => ({
  name: f === 0 ? 'IPv4' : 'IPv6',
  gateway: addresses.gateway[f],
  client: addresses.client[f],
  site: addresses.site[f],
  stranger: addresses.stranger[f],
  at: (address) => (f === 0 ? address : `[${address}]`),
}));

// Servers that say which of their addresses was connected to, and by whom.
async function startServers(place, inside, certificate) {
  const answer = 'default_type text/plain; return 200 "host=$host at=$server_addr from=$remote_addr over=$server_protocol\\n";';
  const config = place.file('servers/nginx.conf', `
daemon off;
user root;
worker_processes 1;
pid ${place.path('servers/nginx.pid')};
error_log ${place.path('servers/error.log')};
events { worker_connections 256; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((t) => `${t}_temp_path ${place.path(`servers/${t}`)};`).join(' ')}
  server { listen 80; listen [::]:80; listen 8080; listen [::]:8080; ${answer} }
  server {
    listen 443 ssl; listen [::]:443 ssl;
    ssl_certificate ${certificate.certificate};
    ssl_certificate_key ${certificate.key};
    ${answer}
  }
}`);
  const [command, ...args] = [...inside.server, '/usr/sbin/nginx', '-p', place.path('servers'), '-e', place.path('servers/start.log'), '-c', config];
  keep(place, command, args);
  await until('the servers', async () => (await curl('http://198.51.100.10/', { via: inside.server })).status === 200);
}

// A program of the client's that prints one line about a socket's fate.
const talk = (address, port, bytes) => `
const s = require('net').connect({host: '${address}', port: ${port}});
let got = Buffer.alloc(0);
s.setTimeout(8000, () => { console.log('quiet'); process.exit(); });
s.on('connect', () => s.write(Buffer.from('${Buffer.from(bytes).toString('hex')}', 'hex')));
s.on('data', (d) => { got = Buffer.concat([got, d]); });
s.on('error', (e) => { console.log(e.code); process.exit(); });
s.on('close', () => { console.log('closed ' + got.toString('hex')); process.exit(); });`;

const knock = (address, port) => `
const s = require('dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}');
setTimeout(() => { console.log('silence'); process.exit(); }, 3000);
s.on('error', (e) => { console.log(e.code); process.exit(); });
s.connect(${port}, '${address}', () => s.send('hello', () => setTimeout(() => s.send('again'), 100)));`;

scenario('transparent', async (place) => {
  const { inside, within } = await makeNetworks(place);
  const authority = await makeAuthority(place, 'origin');
  const certificate = await makeCertificate(place, { name: 'good', names: sites, issuer: authority });
  const ca = await makeCa(place);
  await startServers(place, inside, certificate);
  const client = async (script) => (await run(inside.client[0], [...inside.client.slice(1), process.execPath, '-e', script])).out.trim();
  // The rules as they ship; of the site's own file what a site changes. Loopback's
  // ports are not free for all addresses, so the second variant has others.
  const ports = { tproxy: 3129, redirect: 3139 };
  const load = (variant) => {
    const site = readFileSync(join(shipped, 'copgate-site.nft'), 'utf8').replace('"eth1"', '"lan1"')
      .replace('3129', ports[variant]).replace('3130', ports[variant] + 1);
    assert.ok(site.includes('{ "lan1" }') && site.includes(`= ${ports[variant] + 1}`));
    place.file('nft/copgate-site.nft', site);
    return within('gateway', 'nft', '-I', place.path('nft'), '-I', shipped, '-f', join(shipped, `copgate-${variant}.nft`));
  };
  const listen = (variant, four, six) => ['http', 'tls'].flatMap((kind, i) => [four, six].map((a) => `{address: "${a}:${ports[variant] + i}", mode: transparent-${kind}}`));
  const doors = { tproxy: listen('tproxy', '127.0.0.1', '[::1]'), redirect: listen('redirect', '0.0.0.0', '[::]') };

  await load('tproxy');
  await within('gateway', join(shipped, 'copgate-routes'), 'up');
  const gateway = await startGateway(place, {
    via: inside.gateway,
    bundles: [await makeBundle(place)],
    policy: place.file('policy.yaml', policyText([child])),
    ca, trust: authority.certificate, profile: 'child', tlsPort: 8443, httpPort: 8081,
    hosts: Object.fromEntries(sites.map((n) => [n, addresses.site])),
    reach: ['198.51.100.0/24', '2001:db8:2::/64'],
    listen: doors.tproxy,
    // Nothing is kept for reuse, so that each connection shows where it went.
    limits: { hello_ms: 3000, pool_per_origin: 0 },
  });
  let seen = 0;
  const ended = async (reason) => {
    const line = await until(`an end by ${reason}`, () => gateway.lines().slice(seen).find((l) => l.event === 'end' && l.reason === reason));
    seen = gateway.lines().length;
    return line;
  };
  // What a pupil's browser does, with names resolved to an address of choice.
  const ask = (url, address, options = {}) => {
    const { hostname, protocol, port } = new URL(url);
    const number = port || (protocol === 'https:' ? 443 : 80);
    return curl(url, {
      via: inside.client, ...options,
      args: ['--resolve', `${hostname}:${number}:${address}`, '--noproxy', '*', ...(options.args ?? [])],
    });
  };

  for (const variant of ['tproxy', 'redirect']) {
    if (variant === 'redirect') {
      await place.step('a reload takes other listeners, and the other rules are set', async () => {
        await gateway.reload({ listen: doors.redirect });
        await within('gateway', join(shipped, 'copgate-routes'), 'down');
        await load('redirect');
      });
    }
    for (const f of families) {
      const on = `${variant}, ${f.name}: `;
      await place.step(`${on}HTTP arrives at the site, from the gateway`, async () => {
        const got = await ask(`http://${names.allowed}/`, f.site);
        assert.equal(got.status, 200, got.err);
        assert.match(got.body, new RegExp(`host=${names.allowed} at=${f.site} from=(198\\.51\\.100\\.1|2001:db8:2::1) `));
      });
      await place.step(`${on}a name that is not where it was asked for is looked up`, async () => {
        const got = await ask(`http://${names.allowed}/`, f.stranger);
        assert.match(got.body, new RegExp(`at=(${addresses.site.join('|')}) `), got.err);
        const spliced = await ask(`https://${names.neverInspected}/`, f.stranger, { cacert: authority.certificate });
        assert.match(spliced.body, new RegExp(`at=(${addresses.site.join('|')}) `), spliced.err);
      });
      await place.step(`${on}a blocked site is explained, in clear and in TLS`, async () => {
        assert.equal((await ask(`http://${names.blocked}/`, f.site)).status, 403);
        const got = await ask(`https://${names.blocked}/`, f.site, { cacert: ca.certificate });
        assert.equal(got.status, 403, got.err);
      });
      await place.step(`${on}an allowed site is read, a protected one is not`, async () => {
        const read = await ask(`https://${names.allowed}/`, f.site, { cacert: ca.certificate });
        const passed = await ask(`https://${names.neverInspected}/`, f.site, { cacert: authority.certificate });
        assert.match(passed.body, new RegExp(`at=${f.site} `), passed.err);
        assert.match(read.body, new RegExp(`at=${f.site} `), read.err);
      });
      await place.step(`${on}HTTP/2 without TLS, known beforehand`, async () => {
        const got = await ask(`http://${names.allowed}/`, f.site, { args: ['--http2-prior-knowledge'] });
        assert.equal(got.status, 200, got.err);
        assert.equal((await ask(`http://${names.blocked}/`, f.site, { args: ['--http2-prior-knowledge'] })).status, 403);
      });
      await place.step(`${on}no SNI: the address is decided on, and the server verified`, async () => {
        seen = gateway.lines().length;
        const got = await run(inside.client[0], [...inside.client.slice(1), 'openssl', 's_client', '-noservername', '-connect', `${f.at(f.site)}:443`, '-showcerts']);
        const decision = await until('the decision', () => gateway.lines().slice(seen).find((l) => l.stage === 'connect'));
        assert.equal(decision.host, f.site);
        assert.ok(!got.out.includes(readFileSync(certificate.certificate, 'utf8').split('\n')[1]), 'the server\'s own certificate was shown');
      });
      await place.step(`${on}other protocols on web ports are closed`, async () => {
        seen = gateway.lines().length;
        assert.match(await client(talk(f.site, 443, 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')), /^closed$|ECONNRESET/);
        await ended('not_tls');
        assert.match(await client(talk(f.site, 80, 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')), /^closed$|ECONNRESET/);
        await ended('not_http');
        assert.match(await client(talk(f.site, 443, '')), /^closed/);
        await ended('hello_timeout');
      });
      await place.step(`${on}QUIC and DoT are refused at once, other ports closed`, async () => {
        assert.equal(await client(knock(f.site, 443)), 'ECONNREFUSED');
        assert.equal(await client(knock(f.site, 853)), 'ECONNREFUSED');
        assert.match(await client(talk(f.site, 853, 'x')), /ECONNREFUSED/);
        assert.match(await client(talk(f.site, 8080, 'x')), /ECONNREFUSED/);
      });
      await place.step(`${on}what was going nowhere is closed`, async () => {
        seen = gateway.lines().length;
        if (variant === 'redirect') {
          assert.match(await client(talk(f.gateway, ports.redirect, 'GET / HTTP/1.1\r\nHost: x.example\r\n\r\n')), /^closed$|ECONNRESET/);
          await ended('direct');
          assert.match(await client(talk(f.gateway, ports.redirect + 1, 'x')), /^closed$|ECONNRESET/);
          await ended('direct');
        } else {
          const own = f.name === 'IPv4' ? '127.0.0.1' : '[::1]';
          assert.equal((await curl(`http://${own}:3129/`, { via: inside.gateway })).status, 0);
          await ended('direct');
          assert.match(await client(talk(f.gateway, 3129, 'x')), /ECONNREFUSED/);
        }
        assert.match(await client(talk(f.gateway, 443, 'x')), /ECONNREFUSED/);
      });
    }
  }

  const [four] = families;
  await place.step('Chromium, which knows of no proxy', async () => {
    // It is started as the client's machine would: by name, in its network.
    const wrapper = place.file('browser', `#!/bin/sh\nexec ${inside.client.join(' ')} /usr/bin/chromium "$@"\n`);
    chmodSync(wrapper, 0o755);
    const browser = await startBrowser(place, {
      executablePath: wrapper,
      authorities: [ca.certificate, authority.certificate],
      args: [`--host-resolver-rules=${sites.map((n) => `MAP ${n} ${four.site}`).join(',')}`],
    });
    const page = await browser.newPage();
    for (const [name, wanted] of [[names.allowed, 200], [names.blocked, 403], [names.neverInspected, 200]]) {
      const got = await page.goto(`https://${name}/`);
      assert.equal(got.status(), wanted, name);
    }
    assert.equal((await page.goto(`http://${names.blocked}/`)).status(), 403);
    await browser.close();
  });
  // The first bytes of a client that offers an encrypted name (RFC 9849).
  const hiding = readFileSync(join(source, 'tests/fuzz/seeds/hello/ech'));
  await place.step('without a name, or with a hidden one: refused where the operator wants it', async () => {
    await gateway.reload({ listen: doors.redirect, extra: 'transparent: {no_name: refuse, hidden_name: refuse}' });
    seen = gateway.lines().length;
    assert.match(await client(talk(four.site, 443, hiding)), /^closed 1503030002/);
    await ended('hidden_name');
    await run(inside.client[0], [...inside.client.slice(1), 'openssl', 's_client', '-noservername', '-connect', `${four.site}:443`]);
    await ended('no_name');
    const bare = await curl(`http://${four.site}/`, { via: inside.client, args: ['--noproxy', '*'] });
    assert.equal(bare.status, 403);
    assert.equal((await ask(`http://${names.allowed}/`, four.site)).status, 200);
  });
  await place.step('the destination as it was: the address is kept, TLS is still verified', async () => {
    await gateway.reload({ listen: doors.redirect, limits: {}, extra: 'transparent: {destination: original}' });
    const got = await ask(`http://${names.allowed}/`, four.stranger);
    assert.match(got.body, new RegExp(`at=${four.stranger} `), got.err);
    // What was kept for one address is not used for another.
    const other = await ask(`http://${names.allowed}/`, four.site);
    assert.match(other.body, new RegExp(`at=${four.site} `), other.err);
  });
  await place.step('the name alone', async () => {
    await gateway.reload({ listen: doors.redirect, limits: {}, extra: 'transparent: {destination: resolve}' });
    const got = await ask(`http://${names.allowed}/`, four.stranger);
    assert.match(got.body, new RegExp(`at=(${addresses.site.join('|')}) `), got.err);
  });
  await place.step('other protocols are passed where the operator wants it', async () => {
    place.file('policy.yaml', policyText(['{name: child, age: 9, subscriber: residential, block: [gambling.real_money]}']));
    await gateway.reload({ listen: doors.redirect, extra: 'transparent: {other_protocols: pass}' });
    // nginx answers on its TLS port what it does not understand, in clear.
    const got = await client(talk(four.site, 443, 'GET / HTTP/1.0\r\n\r\n'));
    assert.match(Buffer.from(got.split(' ')[1] ?? '', 'hex').toString(), /400 Bad Request/);
  });
});
