// Behind a balancer: whose connection it is stands in the PROXY header, which
// is believed of balancers alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { raw } from './lib/client.mjs';
import { policyText } from './lib/gateway.mjs';
import { freePort } from './lib/process.mjs';
import { scenario, sleep, until } from './lib/scenario.mjs';
import { adult, child, names, usual } from './lib/usual.mjs';

const line = (from, to = '198.51.100.10', family = 'TCP4') => `PROXY ${family} ${from} ${to} 51234 80\r\n`;
const bytesOf = (address) => address.split('.').map((n) => String.fromCharCode(Number(n))).join('');
const binary = (command, family, body) => `\r\n\r\n\0\r\nQUIT\n${String.fromCharCode(command, family, body.length >> 8, body.length & 255)}${body}`;
const four = (from, to = '198.51.100.10') => `${bytesOf(from)}${bytesOf(to)}\xc8\x22\0\x50`;

scenario('balancer', async (place) => {
  const [balanced, foreign, brought] = [await freePort(), await freePort(), await freePort()];
  const u = await usual(place, {
    policy: policyText([child, adult]),
    gateway: {
      listen: [
        `{address: "127.0.0.1:${balanced}", proxy_protocol: [127.0.0.0/8]}`,
        `{address: "127.0.0.1:${foreign}", proxy_protocol: [192.0.2.0/24]}`,
        `{address: "127.0.0.1:${brought}", mode: transparent-http, proxy_protocol: [127.0.0.0/8]}`,
      ],
      limits: { hello_ms: 700 },
      extra: 'clients: [{network: 203.0.113.0/24, profile: adult}, {network: "2001:db8:7::/48", profile: adult}]',
    },
  });
  let seen = 0;
  const mark = () => { seen = u.gateway.lines().length; };
  const ended = (reason, detail = /./) => until(`an end by ${reason}`, () => u.gateway.lines().slice(seen)
    .find((l) => l.event === 'end' && l.reason === reason && detail.test(l.detail ?? '')));
  const get = `GET ${u.http(names.blocked)} HTTP/1.1\r\nHost: ${names.blocked}:${u.origin.httpPort}\r\nConnection: close\r\n\r\n`;
  const status = (got) => Number(/^HTTP\/1\.1 (\d+)/.exec(got.text)?.[1] ?? 0);

  await place.step('the client is the one in the header, in both versions and families', async () => {
    for (const [header, wanted] of [
      [line('203.0.113.5'), 200],
      [line('198.51.100.99'), 403],
      [line('2001:db8:7::5', '2001:db8::1', 'TCP6'), 200],
      [line('2001:db8:8::5', '2001:db8::1', 'TCP6'), 403],
      [binary(0x21, 0x11, four('203.0.113.5')), 200],
      [binary(0x21, 0x11, `${four('203.0.113.5')}\x04\0\x03abc`), 200],
      [binary(0x21, 0x11, four('198.51.100.99')), 403],
    ]) {
      assert.equal(status(await raw(balanced, header + get)), wanted, JSON.stringify(header));
    }
  });
  await place.step('a header in pieces is waited for, and nothing behind it is lost', async () => {
    const whole = binary(0x21, 0x11, four('203.0.113.5'));
    assert.equal(status(await raw(balanced, [...whole, get], { pauseMs: 5 })), 200);
    assert.equal(status(await raw(balanced, [whole.slice(0, 20), whole.slice(20) + get.slice(0, 5), get.slice(5)])), 200);
  });
  await place.step('a balancer that speaks for itself is a client like others', async () => {
    assert.equal(status(await raw(balanced, binary(0x20, 0, '') + get)), 403);
    assert.equal(status(await raw(balanced, `PROXY UNKNOWN\r\n${get}`)), 403);
  });
  await place.step('without a header, with a bad one, or with half of one: closed', async () => {
    mark();
    assert.equal((await raw(balanced, get)).text, '');
    await ended('proxy_header', /malformed/);
    mark();
    assert.equal((await raw(balanced, binary(0x21, 0x12, four('203.0.113.5')) + get)).text, '');
    await ended('proxy_header', /malformed/);
    mark();
    assert.equal((await raw(balanced, 'PROXY TCP4 203.0.113.5')).text, '');
    await ended('proxy_header', /in time/);
    mark();
    assert.equal((await raw(balanced, '')).text, '');
    await ended('proxy_header', /in time/);
    mark();
    await raw(balanced, 'PROXY TCP4 203', { end: true });
    await ended('client_abort', /^/);
  });
  await place.step('a header of somebody else is not believed', async () => {
    mark();
    assert.equal((await raw(foreign, line('203.0.113.5') + get)).text, '');
    await ended('proxy_header', /not in a network/);
  });
  await place.step('a balancer may bring connections as the firewall does', async () => {
    const site = `GET / HTTP/1.1\r\nHost: ${names.blocked}\r\nConnection: close\r\n\r\n`;
    assert.equal(status(await raw(brought, line('198.51.100.99') + site)), 403);
    mark();
    assert.equal((await raw(brought, `PROXY UNKNOWN\r\n${site}`)).text, '');
    await ended('direct');
    mark();
    assert.equal((await raw(brought, line('198.51.100.99').replace('51234 80', '51234 8080') + site)).text, '');
    await ended('port', /^/);
    // A destination that may not be reached is not reached, whoever names it.
    const bare = await raw(brought, `${line('203.0.113.5', '10.0.0.1')}GET / HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n`);
    assert.equal(status(bare), 403, bare.text);
  });
  await place.step('a preface that stops, and a method that never ends', async () => {
    await u.gateway.reload({ limits: { hello_ms: 700, request_ms: 400 } });
    mark();
    assert.equal((await raw(brought, `${line('203.0.113.5')}PRI * HTTP/2`)).text, '');
    await ended('request_timeout', /^/);
    mark();
    await raw(brought, `${line('203.0.113.5')}${'A'.repeat(40)}`);
    await ended('not_http', /^/);
    mark();
    await raw(brought, `${line('203.0.113.5')}get / HTTP/1.1\r\n`);
    await ended('not_http', /^/);
  });
  await place.step('waiting for more costs nothing', async () => {
    const ticks = () => readFileSync(`/proc/${u.gateway.kept.pid}/task/${u.gateway.kept.pid}/children`, 'utf8').trim().split(' ')
      .map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '))
      .reduce((sum, f) => sum + Number(f[11]) + Number(f[12]), 0);
    await u.gateway.reload({ limits: { hello_ms: 5000, request_ms: 5000 } });
    const began = ticks();
    const slow = raw(brought, `${line('203.0.113.5')}PRI * HTTP/2`, { quietMs: 1500 });
    await sleep(1200);
    assert.ok(ticks() - began < 40, 'the worker turned in circles');
    await slow;
  });
});
