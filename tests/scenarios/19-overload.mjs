// More than there is room for: who is inside is served, who comes is told why
// not; and what cannot be inspected is counted for the operator.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

import { curl } from './lib/client.mjs';
import { isServing, policyText, startGateway } from './lib/gateway.mjs';
import { run } from './lib/process.mjs';
import { scenario, until } from './lib/scenario.mjs';
import { adult, names, usual } from './lib/usual.mjs';

const flood = Array.from({ length: 40 }, (_, i) => `n${i}.flood.example`);

// A server that wants a certificate of whoever comes.
function startWanting(place, certificate, version) {
  const server = createServer({ key: readFileSync(certificate.key), cert: readFileSync(certificate.certificate), requestCert: true, rejectUnauthorized: true, maxVersion: version }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  place.atEnd(() => new Promise((done) => { server.close(done); }));
  return new Promise((ready) => { server.listen(0, '127.0.0.1', () => ready(server.address().port)); });
}

scenario('overload', async (place) => {
  const u = await usual(place, {
    names: [...flood, 'wants.example'],
    policy: policyText([adult]),
    gateway: { profile: 'adult', inspect: 'all', limits: { mint_per_second: 2, idle_ms: 60000 } },
  });
  const trusting = { proxy: u.gateway.proxy, cacert: u.ca.certificate };

  await place.step('a flood of names is bounded; names that are known go on', async () => {
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
    const got = await Promise.all(flood.map((name) => curl(u.https(name), trusting)));
    const served = got.filter((g) => g.status === 200).length;
    assert.ok(served >= 15 && served < flood.length, `${served} were served`);
    await u.gateway.line('mint_limit', (l) => l.event === 'end' && l.reason === 'mint_limit');
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
    await u.gateway.counts();
    await until('keyd\'s counts', () => /"event":"keyd","workers":1,"minted":\d+,"held_back":[1-9]/.test(u.gateway.kept.err));
  });
  await u.gateway.reload({ limits: {} });
  await place.step('a server that wants a certificate: a page that says who can help', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const port = await startWanting(place, u.certificate, version);
      await u.gateway.reload({ limits: {}, tlsPort: `${u.origin.tlsPort}, ${port}` });
      const got = await curl(`https://wants.example:${port}/`, trusting);
      assert.equal(got.status, 502, `${version}: ${got.status} ${got.err}`);
      assert.match(got.body, /wants a card from you/);
      assert.match(got.body, /let this website through/);
    }
    await u.gateway.line('client_certificate', (l) => l.reason === 'client_certificate');
  });
  await place.step('what an app refused and a server asked is counted, and nothing exempted', async () => {
    for (let i = 0; i < 2; i += 1) {
      const got = await curl(u.https(names.allowed), { proxy: u.gateway.proxy });
      assert.notEqual(got.code, 0);
    }
    const counts = await u.gateway.counts();
    assert.equal(counts.to_exempt[names.allowed].client_distrust, 2);
    assert.ok(counts.to_exempt['wants.example'].client_certificate >= 2);
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
  });

  const tight = await startGateway(place, { ...u.settings, limits: {} });
  const workersOf = () => readdirSync('/proc').filter((p) => /^\d+$/.test(p)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(tight.kept.pid)
        && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker');
    } catch { return false; }
  });
  await place.step('few descriptors: those inside are served, those who come are told', async () => {
    const [before] = workersOf();
    const limited = await run('prlimit', ['--pid', String(tight.kept.pid), '--nofile=128:128']);
    assert.equal(limited.code, 0, limited.err);
    process.kill(Number(before), 'SIGKILL'); // the next one has the new limit
    await until('another worker', () => workersOf().some((pid) => pid !== before));
    await until('it to serve', () => isServing(tight.port));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = (name) => new Promise((done) => {
      const r = request({ agent, host: '127.0.0.1', port: tight.port, path: u.http(name), headers: { host: `${name}:${u.origin.httpPort}` } }, (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode));
      });
      r.on('error', (error) => done(error.code));
      r.end();
    });
    assert.equal(await get(names.allowed), 200);
    const sockets = Array.from({ length: 200 }, () => connect(tight.port, '127.0.0.1').on('error', () => {}));
    await tight.line('a client turned away', (l) => l.event === 'end' && l.reason === 'limit');
    // Each of these needs a connection of its own to a server.
    for (const name of flood.slice(0, 8)) assert.equal(await get(name), 200);
    const counts = await tight.counts();
    assert.ok(counts.ended.limit >= 80, JSON.stringify(counts.ended));
    for (const s of sockets) s.destroy();
    await until('new clients to be served again', () => isServing(tight.port));
    agent.destroy();
  });
});
