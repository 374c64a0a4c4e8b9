// Operating: reload without a gap, drain, children that die, bad changes.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

import { curl } from './lib/client.mjs';
import { makeBundle, policyText } from './lib/gateway.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario, sleep, until } from './lib/scenario.mjs';
import { adult, child, names, usual } from './lib/usual.mjs';

// Children of a process, with the role each was started in.
function children(pid) {
  return readdirSync('/proc').filter((p) => /^\d+$/.test(p)).flatMap((p) => {
    try {
      const parent = Number(/^\d+ \(.*\) \S+ (\d+)/.exec(readFileSync(`/proc/${p}/stat`, 'utf8'))[1]);
      if (parent !== pid) return [];
      return [{ pid: Number(p), role: readFileSync(`/proc/${p}/cmdline`, 'utf8').split('\0')[2] }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

scenario('operate', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all', workers: 2 } });
  const trusting = { proxy: u.gateway.proxy, cacert: u.ca.certificate };
  const parent = u.gateway.kept.pid;
  const roles = () => children(parent).map((c) => c.role).sort();

  await place.step('a parent, one keyd, and as many workers as asked for', async () => {
    assert.deepEqual(roles(), ['keyd', 'worker', 'worker']);
  });
  await place.step('the CA\'s key is in no process that reads network bytes', async () => {
    // The key's own bytes, from its PEM, looked for in every worker's memory.
    const pem = readFileSync(u.ca.key, 'utf8').replace(/-----[^-]+-----|\s/g, '');
    const der = Buffer.from(pem, 'base64');
    // The private scalar of P-256: 32 bytes behind an OCTET STRING's tag.
    const at = der.indexOf(Buffer.from([0x04, 0x20]));
    const secret = der.subarray(at + 2, at + 34);
    assert.equal(secret.length, 32);
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
    const { openSync, readSync, closeSync } = await import('node:fs');
    let looked = 0;
    for (const worker of children(parent).filter((c) => c.role === 'worker')) {
      const memory = openSync(`/proc/${worker.pid}/mem`, 'r');
      for (const line of readFileSync(`/proc/${worker.pid}/maps`, 'utf8').split('\n')) {
        const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
        if (!match) continue;
        const from = BigInt(`0x${match[1]}`);
        const size = Number(BigInt(`0x${match[2]}`) - from);
        if (size > 64 * 1024 * 1024) continue; // the sanitizer's shadow
        const bytes = Buffer.alloc(size);
        try { readSync(memory, bytes, 0, size, from); } catch { continue; }
        looked += size;
        assert.equal(bytes.indexOf(secret), -1, `found in worker ${worker.pid} at ${line}`);
      }
      closeSync(memory);
    }
    assert.ok(looked > 1024 * 1024, `only ${looked} bytes could be looked at`);
  });
  await place.step('reloads under load: no request fails, none waits long', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let stop = false;
    let done = 0;
    const failures = [];
    const one = () => new Promise((next) => {
      const began = Date.now();
      const r = request({ agent, host: '127.0.0.1', port: u.gateway.port, path: u.http(names.allowed, '/echo'), headers: { host: `${names.allowed}:${u.origin.httpPort}` } }, (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode !== 200) failures.push(response.statusCode);
          if (Date.now() - began > 5000) failures.push('slow');
          done += 1;
          next();
        });
        response.on('error', (e) => { failures.push(e.message); next(); });
      });
      r.on('error', (e) => { failures.push(e.message); next(); });
      r.end();
    });
    const client = async () => { while (!stop) await one(); };
    const fresh = async () => { while (!stop) { const got = await curl(u.http(names.allowed, '/echo'), { proxy: u.gateway.proxy }); done += 1; if (got.status !== 200) failures.push(`curl ${got.code} ${got.status}`); } };
    const clients = [client(), client(), client(), client(), fresh()];
    for (let i = 0; i < 8; i += 1) {
      await u.gateway.reload({});
      await sleep(200);
    }
    stop = true;
    await Promise.all(clients);
    agent.destroy();
    assert.deepEqual(failures, []);
    assert.ok(done > 100, `only ${done} requests`);
    console.log(`        ${done} requests over 8 reloads, none failed`);
  });
  await place.step('a reload changes who is allowed what', async () => {
    assert.notEqual((await curl(u.https(names.blocked), trusting)).status, 200);
    await u.gateway.reload({ profile: 'adult' });
    const status = (await curl(u.https(names.blocked), trusting)).status;
    writeFileSync(u.policy, policyText([child, adult.replace('}', `, allow: [${names.blocked}]}`)]));
    await u.gateway.reload({ profile: 'adult' });
    assert.equal((await curl(u.https(names.blocked), trusting)).status, 200, `before: ${status}`);
    writeFileSync(u.policy, policyText([child, adult]));
    await u.gateway.reload({ profile: 'child' });
    assert.notEqual((await curl(u.https(names.blocked), trusting)).status, 200);
  });
  const refusedReloads = {
    'malformed YAML': { extra: 'listen: [' },
    'an unknown key': { extra: 'colour: blue' },
    'a missing bundle': { bundles: [place.path('no-such.cop')] },
    'a profile that nobody knows': { profile: 'nobody' },
    'a CA key of another CA': { ca: { certificate: u.ca.certificate, key: u.authority.key } },
    'a bundle that was altered': { bundles: [(() => { const b = readFileSync(u.bundle); b[b.length - 9] ^= 1; return place.file('altered.cop', b); })()] },
    'a bundle cut short': { bundles: [place.file('short.cop', readFileSync(u.bundle).subarray(0, 5000))] },
  };
  for (const [what, change] of Object.entries(refusedReloads)) {
    await place.step(`a reload with ${what} is refused whole, with a message; the old policy stays`, async () => {
      const before = u.gateway.kept.err.length;
      await u.gateway.reload(change);
      const said = u.gateway.kept.err.slice(before);
      assert.match(said, /reload refused; generation \d+ stays in use/);
      assert.match(said, /error:|cannot/);
      assert.equal((await curl(u.http(names.allowed, '/echo'), { proxy: u.gateway.proxy })).status, 200);
      assert.notEqual((await curl(u.https(names.blocked), trusting)).status, 200);
    });
  }
  await place.step('a worker that is killed is replaced; the others go on', async () => {
    await u.gateway.reload({});
    const victim = children(parent).find((c) => c.role === 'worker');
    process.kill(victim.pid, 'SIGKILL');
    await until('a new worker', () => {
      const now = children(parent); // looked at once: between two looks it may be reaped
      return now.length === 3 && !now.some((c) => c.pid === victim.pid);
    });
    assert.deepEqual(roles(), ['keyd', 'worker', 'worker']);
    for (let i = 0; i < 6; i += 1) assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
  });
  await place.step('keyd that is killed is replaced, and the workers after it', async () => {
    const victim = children(parent).find((c) => c.role === 'keyd');
    process.kill(victim.pid, 'SIGKILL');
    await until('a new keyd and workers', () => {
      const now = children(parent);
      return now.some((c) => c.role === 'keyd' && c.pid !== victim.pid) && now.filter((c) => c.role === 'worker').length === 2;
    });
    await until('interception again', async () => (await curl(u.https(names.allowed), trusting)).status === 200);
  });
  await place.step('TERM lets a response end, takes no new connection, and ends well', async () => {
    const odd = await startOdd(place, (socket) => onHead(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
      setTimeout(() => socket.write('cd'), 1000);
    }));
    await u.gateway.reload({ httpPort: `${u.origin.httpPort}, ${odd.port}` });
    const slow = curl(`http://${names.allowed}:${odd.port}/`, { proxy: u.gateway.proxy });
    await sleep(400);
    process.kill(parent, 'SIGTERM');
    await sleep(200);
    assert.equal((await curl(u.http(names.allowed), { proxy: u.gateway.proxy })).code, 7);
    assert.equal((await slow).body, 'abcd');
    await u.gateway.kept.ended;
    assert.equal(u.gateway.kept.code, 0);
    assert.deepEqual(children(parent), []);
  });
});
