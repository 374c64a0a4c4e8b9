// What a policy of names, paths and patterns says of the ways round a filter,
// through a real gateway; and what it does not catch, so that we know.
import assert from 'node:assert/strict';

import { curl, raw } from './lib/client.mjs';
import { corpus } from './lib/corpus.mjs';
import { makeBundle } from './lib/gateway.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const lists = {
  casino: { format: 'domains', category: 'gambling.real_money', entries: [names.blocked] },
  literals: { format: 'patterns', category: 'circ.proxy', entries: ['^https?://(\\[|[0-9.]+([:/]|$))'] },
  magic: { format: 'domains', category: 'circ.proxy', entries: ['magic.test'] },
  resolvers: { format: 'domains', category: 'circ.encrypted_dns', entries: ['resolver.test', 'canary.test'] },
  translators: { format: 'domains', category: 'circ.cache_translate', entries: ['translate.test'] },
  words: { format: 'patterns', category: 'gambling.real_money', entries: ['[?&;]q(%5B%5D)?=[^&;]*(casino|%2563asino)'] },
  embedded: { format: 'patterns', category: 'circ.cache_translate', entries: ['[/=]https?(://|%3A%2F%2F|%253A%252F%252F)([a-z0-9.-]+\\.)?casino\\.example'] },
  doh: { format: 'patterns', category: 'circ.encrypted_dns', entries: ['^https?://[^/]+/dns-query([?/]|$)', '[?&]dns=[a-z0-9_-]{20,}(&|$)'] },
  kits: { format: 'patterns', category: 'circ.proxy', entries: ['/service/hvtrs8', '[?&]__cpo=', '/bare/v[0-9]/', '/wisp/$'] },
};

scenario('evasion', async (place) => {
  place.file('lists/bundle.yaml', 'id: cop:bundle:lists\ntitle: "lists"\nissuer: "a test"\nlicence: "CC0-1.0"\nrevision: "1"\n');
  for (const [name, list] of Object.entries(lists)) {
    place.file(`lists/${name}.yaml`, `id: cop:list:${name}\nformat: ${list.format}\nentries: ${JSON.stringify(list.entries)}\ncategories: [${list.category}]\nlicence: "CC0-1.0"\n`);
  }
  const samples = corpus('names/evasion.txt').map((s) => ({ ...s, url: new URL(s.bytes) }));
  const u = await usual(place, {
    names: [...new Set(samples.map((s) => s.url.hostname))].filter((n) => /[a-z]$/.test(n)),
    bundle: await makeBundle(place, 'lists', [place.path('lists')]),
    policy: 'policy: 1\nplace: household\nprofiles:\n  - {name: child, age: 9, subscriber: residential, block: [gambling.real_money, circ.proxy, circ.encrypted_dns, circ.cache_translate]}\n',
  });
  const at = ({ bytes }) => bytes.replace(/^(https?):\/\/([^/]+)/, (_, scheme, host) => `${scheme}://${host}:${scheme === 'http' ? u.origin.httpPort : u.origin.tlsPort}`);

  for (const number of new Set(samples.map((s) => s.number))) {
    const group = samples.filter((s) => s.number === number);
    await place.step(`technique ${number}: ${group.length} cases`, async () => {
      for (const sample of group) {
        const got = await curl(at(sample), { proxy: u.gateway.proxy, cacert: u.ca.certificate, args: ['--path-as-is', '--globoff'] });
        assert.equal(got.code, 0, `${sample.bytes}: ${got.err}`);
        assert.equal([403, 451].includes(got.status) ? 'blocked' : 'open', sample.outcome, `${sample.bytes}: ${got.status}`);
      }
    });
  }
  await place.step('a message of DNS is no way round: what is decided on is the URL', async () => {
    const got = await curl(u.https(names.allowed, '/dns-query'), { proxy: u.gateway.proxy, cacert: u.ca.certificate, args: ['-H', 'Content-Type: application/dns-message', '--data-binary', 'x'] });
    assert.ok([403, 451].includes(got.status));
  });
  await place.step('a WebSocket is decided on as a request', async () => {
    const host = `${names.allowed}:${u.origin.httpPort}`;
    const got = await raw(u.gateway.port, `GET http://${host}/wisp/ HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`, { quietMs: 1000 });
    assert.match(got.text, /^HTTP\/1\.1 (403|451)/);
  });
});
