// Exporting: what a resolver or an older filter can do of a policy, and what not.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, packs, scenario, source, starterBundle } from './lib/copc.mjs';

const subject = ['--age', '9', '--at', '2026-11-24'];

function exported(format, ...words) {
  const ran = copc(['export', packs, '--format', format, ...subject, ...words]);
  assert.equal(ran.code, 0, ran.err);
  return ran;
}

const lines = (text) => text.split('\n').filter((line) => line !== '' && !/^[#;$]/.test(line));

// What the policy itself says of hosts, for the same subject.
function decisions(hosts) {
  const ran = copc(['decide', starterBundle(), ...subject], { input: hosts.map((host) => `https://${host}/\n`).join('') });
  assert.equal(ran.code, 0, ran.err);
  return ran.out.trimEnd().split('\n').map((line) => line.split('\t')[0]);
}

const allBlocked = (hosts) => assert.deepEqual([...new Set(decisions(hosts))], ['block']);

function put(name, text) {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

await scenario({
  'plain: domains with all below them, without those that have exceptions'() {
    const { out, err } = exported('plain');
    const names = lines(out);
    assert.match(out, /^# starter, revision 2026\.1, for somebody aged 9, as of 2026-11-24\n# 15 requirements/);
    assert.ok(names.includes('casino.example'));
    assert.ok(!names.includes('notice-17.examplia.test'), 'an upheld appeal is below it');
    allBlocked(names.filter((name) => !name.startsWith('*.')));
    allBlocked(names.map((name) => `deep.below.${name.replace('*.', '')}`));
    assert.match(err, /\d+ entries written for somebody aged 9/);
    assert.match(err, /cop:req:XX:court-order-2026-118:album\n\s+2 {2}a URL on a host that is open otherwise/);
    assert.match(err, /1 {2}a pattern over URLs/);
  },
  'hosts: every closed name, each by itself'() {
    const names = lines(exported('hosts').out).map((line) => line.replace(/^0\.0\.0\.0 /, ''));
    assert.ok(names.includes('notice-17.examplia.test'));
    assert.ok(!names.includes('museum.notice-17.examplia.test'));
    allBlocked(names);
  },
  'dnsmasq: exceptions are servers of their own'() {
    const { out } = exported('dnsmasq');
    assert.ok(lines(out).includes('address=/notice-17.examplia.test/'));
    assert.ok(lines(out).includes('server=/museum.notice-17.examplia.test/#'));
  },
  'squidguard: a folder of domains and urls'() {
    const to = join(folder, 'squidguard');
    exported('squidguard', '-o', to);
    assert.ok(lines(readFileSync(join(to, 'domains'), 'utf8')).includes('casino.example'));
    const urls = lines(readFileSync(join(to, 'urls'), 'utf8'));
    assert.ok(urls.includes('photos.shared-host.example/albums/2026-118'));
  },
  'rpz: a resolver that follows it decides as the policy does'() {
    const records = new Map(lines(exported('rpz').out).map((line) => line.split(' CNAME ')));
    records.delete('@ SOA localhost. hostmaster.localhost. 2026112400 3600 600 604800 300');
    records.delete('@ NS localhost.');
    assert.equal(records.get('museum.notice-17.examplia.test'), 'rpz-passthru.');
    // RFC 4592: the closest name that exists decides which wildcard answers.
    const exists = new Set();
    for (const owner of records.keys()) {
      const labels = owner.split('.');
      labels.forEach((_, i) => exists.add(labels.slice(i).join('.')));
    }
    const answer = (name) => {
      if (records.has(name)) return records.get(name);
      const labels = name.split('.').slice(1);
      while (labels.length > 0 && !exists.has(labels.join('.'))) labels.shift();
      return records.get(`*.${labels.join('.')}`);
    };
    const owners = [...records.keys()].map((owner) => owner.replace('*.', ''));
    const hosts = [...new Set(owners.flatMap((owner) => [owner, `x.${owner}`, `x.y.${owner}`, `x${owner}`]))];
    const wanted = decisions(hosts);
    hosts.forEach((host, i) => assert.equal(answer(host) === '.' ? 'block' : 'allow', wanted[i], host));
  },
  'rpz: our own reader reads it'() {
    put('back/m.yaml', 'id: cop:bundle:back\ntitle: {en: "Back"}\nissuer: t\nlicence: t\nrevision: "1"\n');
    put('back/l.yaml', 'id: cop:list:back\nformat: rpz\nlicence: t\ncategories: [media.games]\nfile: zone\n');
    put('back/zone', exported('rpz').out);
    const bundle = join(folder, 'back.cop');
    const ran = copc(['build', join(folder, 'back'), '-o', bundle]);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.err, /2 lines are not used: names that are opened \(rpz-passthru\)/);
    assert.match(copc(['decide', bundle], { input: 'www.casino.example\n' }).out, /media\.games/);
  },
  'the same sources and time give the same bytes'() {
    for (const format of ['plain', 'hosts', 'rpz', 'dnsmasq']) {
      assert.equal(exported(format).out, exported(format).out);
    }
  },
  'another subject gets another list'() {
    const adult = copc(['export', packs, '--format', 'plain', '--at', '2026-11-24']);
    assert.equal(adult.code, 0);
    assert.ok(!lines(adult.out).includes('adult.example'));
    assert.ok(lines(adult.out).includes('canary-csam.examplia.test'));
  },
  'a profile with its own lists, and its hours'() {
    const policy = put('policy.yaml', [
      'policy: 1', 'place: household', 'timezone: Etc/UTC', 'profiles:',
      '  - name: child', '    age: 9', '    subscriber: residential', '    template: household-child',
      '    allow: [calm.casino.example]', '    deny: [noisy.example]',
      '    closed: [{days: [mon, tue, wed, thu, fri, sat, sun], from: "20:00", to: "07:00"}]', '',
    ].join('\n'));
    const words = ['export', packs, '--format', 'plain', '--policy', policy];
    const day = copc([...words, '--at', '2026-11-24T12:00:00Z']);
    assert.equal(day.code, 0, day.err);
    assert.ok(lines(day.out).includes('noisy.example'));
    assert.match(day.err, /the subject's own profile or template/);
    const night = copc([...words, '--at', '2026-11-24T22:00:00Z']);
    assert.equal(night.code, 2);
    assert.match(night.err, /has no internet at all/);
    assert.equal(night.out, '');
  },
  'JSON tells the same by reason and requirement'() {
    const to = join(folder, 'j.rpz');
    const told = JSON.parse(exported('hosts', '--json', '-o', to).out);
    assert.equal(told.schema, 'copc/export/v1');
    assert.equal(told.format, 'hosts');
    assert.equal(told.written, lines(readFileSync(to, 'utf8')).length);
    assert.equal(told.written, told.requirements.reduce((sum, row) => sum + row.written, 0));
    assert.equal(told.left_out.pattern, 1);
    const album = told.requirements.find((row) => row.requirement === 'cop:req:XX:court-order-2026-118:album');
    assert.deepEqual(album, { requirement: album.requirement, written: 0, left_out: { url: 2 } });
  },
  'mistakes are told and write nothing'() {
    const usage = (words, text) => {
      const ran = copc(['export', packs, ...words]);
      assert.equal(ran.code, 2, ran.err);
      assert.match(ran.err, text);
      assert.equal(ran.out, '');
    };
    usage([], /name a --format/);
    usage(['--format', 'zone'], /name a --format/);
    usage(['--format', 'squidguard'], /name a folder with -o/);
    usage(['--format', 'rpz', '--json'], /name a file with -o/);
    const to = join(folder, 'none.rpz');
    const bad = copc(['export', join(source, 'tests/bad/cli/unknown-key'), '--format', 'rpz', '-o', to]);
    assert.equal(bad.code, 65);
    assert.ok(!existsSync(to));
    assert.equal(copc(['export', packs, '--format', 'rpz', '-o', '/dev/full']).code, 74);
    assert.equal(copc(['export', packs, '--format', 'rpz', '-o', join(folder, 'no/such/x')]).code, 74);
  },
});
