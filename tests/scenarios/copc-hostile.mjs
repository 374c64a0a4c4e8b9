// Sources that are damaged, hostile or far too large: a clear count and sample, in bounded memory and time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { copc, folder, program, scenario } from './lib/copc.mjs';

// A sanitizer reserves more addresses than any limit allows, so its own limit is used there.
const limit = spawnSync('prlimit', ['--as=600000000', program, '--version']).status === 0 ? ['prlimit', '--as=600000000'] : ['env', 'ASAN_OPTIONS=hard_rss_limit_mb=1200'];

let made = 0;
function sources(format, name, bytes, more = {}) {
  made += 1;
  const place = join(folder, `s${made}`);
  mkdirSync(place);
  writeFileSync(join(place, 'bundle.yaml'), 'id: cop:bundle:x\ntitle: X\nissuer: me\nlicence: CC0-1.0\nrevision: "1"\n');
  writeFileSync(join(place, 'list.yaml'), `id: cop:list:x\nformat: ${format}\ncategories: [gambling.real_money]\nlicence: CC0-1.0\nfile: ${name}\n`);
  writeFileSync(join(place, name), bytes);
  for (const [file, text] of Object.entries(more)) writeFileSync(join(place, file), text);
  return place;
}

function check(place, command = 'check', ...words) {
  const ran = spawnSync(limit[0], [...limit.slice(1), program, command, place, ...words], { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 100000 });
  assert.equal(ran.signal, null, ran.stderr);
  assert.doesNotMatch(ran.stderr, /Sanitizer|runtime error:|out of memory/);
  return { code: ran.status, err: ran.stderr, told: ran.stderr.split('\n').filter((line) => /: (error|warning|note):? /.test(line)).length };
}

const lines = (n, make) => Array.from({ length: n }, (_, i) => make(i)).join('\n') + '\n';
const bomb = gzipSync(Buffer.alloc(64 << 20, 'casino.example\n'));

await scenario({
  'a million lines of garbage'() {
    const ran = check(sources('domains', 'l.txt', lines(1000000, (i) => `!!${i} is no domain`)));
    assert.equal(ran.code, 65);
    assert.equal(ran.told, 21);
    assert.match(ran.err, /l\.txt:1:1: error: "!!0 is no domain" is no domain/);
    assert.match(ran.err, /l\.txt: error: 1000000 lines of 1000000 are wrong; the first 20 are told above \[list\]\n {2}to do: /);
  },
  'a few among many'() {
    const ran = check(sources('domains', 'l.txt', lines(100000, (i) => (i % 1000 === 7 ? '?' : `x${i}.example`))));
    assert.equal(ran.code, 65);
    assert.match(ran.err, /100 lines of 100000 are wrong/);
    const few = check(sources('domains', 'l.txt', lines(100, (i) => (i % 10 === 7 ? '?' : `x${i}.example`))));
    assert.equal(few.told, 10);
    assert.doesNotMatch(few.err, /are wrong/);
  },
  'a million rules that nobody understands are counted by reason'() {
    const ran = check(sources('adblock', 'l.txt', lines(1000000, (i) => `||a$nosuch${i}=x`)));
    assert.match(ran.err, /note: 1000000 rules are left out because .*; the first is "\|\|a\$nosuch0=x"/);
    assert.ok(ran.told < 5);
  },
  'lines of a megabyte and more'() {
    for (const format of ['domains', 'hosts', 'urls', 'patterns', 'adblock', 'dnsmasq', 'cidr']) {
      const ran = check(sources(format, 'l.txt', `${'a'.repeat(1 << 20)}\n${'b'.repeat(5 << 20)}`));
      assert.match(ran.err, /l\.txt:1/, format);
      assert.match(ran.err, /16,384|too long|longer/, `${format}: ${ran.err}`);
    }
  },
  'bytes that are no text'() {
    const bytes = check(sources('domains', 'l.txt', Buffer.concat([Buffer.from('a.example\nb'), Buffer.from([0xff, 0xfe]), Buffer.from('.example\n')])));
    assert.match(bytes.err, /l\.txt:2:2: error: this byte is not UTF-8/);
    const nul = check(sources('domains', 'l.txt', 'a.example\0b.example\n\0\0\n'));
    assert.match(nul.err, /l\.txt:1:10: error: there is a control character here/);
    assert.equal(nul.told, 2);
    assert.equal(check(sources('domains', 'l.txt', Buffer.alloc(1 << 20, 0xc3))).code, 65);
    assert.equal(check(sources('domains', 'l.txt', Buffer.alloc(4 << 20))).code, 65);
  },
  'packed bombs, and streams that end too early'() {
    const ran = check(sources('domains', 'l.txt.gz', bomb));
    assert.equal(ran.code, 65);
    assert.match(ran.err, /more than 250 times their size.*\n {2}to do: fetch the list again/);
    const whole = gzipSync(Buffer.from(lines(20000, (i) => `x${i}.example`)));
    assert.equal(check(sources('domains', 'l.txt.gz', whole)).code, 0);
    const cut = check(sources('domains', 'l.txt.gz', whole.subarray(0, whole.length / 2)));
    assert.equal(cut.code, 65);
    assert.match(cut.err, /the packed data end too early, behind line \d+/);
    assert.equal(check(sources('domains', 'l.txt.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]))).code, 65);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1] ^= 0x55;
    assert.equal(check(sources('domains', 'l.txt.gz', flipped)).code, 65);
  },
  'patterns that run away: a warning, and an answer in time'() {
    const place = sources('patterns', 'l.txt', '^https://run\\.example/(a+)+$\n^https://run\\.example/(x|xx)*y$\ncasino[0-9]+\n');
    const ran = check(place);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.err, /l\.txt:1:1: warning: a URL can drive this pattern to its limit, where at_limit decides; one is https:\/\/run\.example\/aaaa/);
    assert.match(ran.err, /l\.txt:2:1: warning: a URL can drive/);
    assert.doesNotMatch(ran.err, /l\.txt:3/);
    assert.equal(check(place, 'check', '--strict').code, 65);
    const bundle = join(folder, 'run.cop');
    assert.equal(check(place, 'build', '-o', bundle).code, 0);
    const asked = copc(['decide', bundle], { input: `https://run.example/${'a'.repeat(2000)}!\n`.repeat(200) });
    assert.equal(asked.code, 0);
    // Nobody knows what it would have said: a list that blocks counts as hit.
    assert.match(asked.out, /^allow\tgambling\.real_money\t/);
  },
  'patterns that are none'() {
    const ran = check(sources('patterns', 'l.txt', ['(', 'a{99999}', '(?<=a+)b', '('.repeat(4000) + ')'.repeat(4000), '', 'x*'].join('\n')));
    assert.equal(ran.code, 65);
    for (const line of [1, 2, 3, 4, 6]) assert.match(ran.err, new RegExp(`l\\.txt:${line}:\\d+: error: `));
  },
  'lists that contradict each other'() {
    const law = (name, more) => `id: cop:req:XX:act:${name}\nversion: 1\nstatus: in_force\ntitle: {en: T}\nlegal: {jurisdiction: [XX], instrument: {name: Act, type: statute, citation: "1"}, authority: Office}\ntime: {effective_from: 2026-01-01}\nstrength: mandatory\nappeal: {contact: {en: "https://office.example/"}}\nnotice: {stop_page: {text: {en: Closed.}}}\n${more}`;
    const entries = lines(3000, (i) => `    - x${i}.example`);
    const ran = check(sources('domains', 'l.txt', 'a.example\n', {
      'a.yaml': law('a', `kind: list\naction: block\ntarget:\n  list:\n  - format: domains\n    entries:\n${entries}`),
      'b.yaml': law('b', `kind: list\naction: allow\ntarget:\n  list:\n  - format: domains\n    entries:\n${entries}`),
    }));
    assert.match(ran.err, /\[L18\]/);
    assert.ok(ran.told < 100, `${ran.told}`);
  },
  'deep, huge and aliased documents'() {
    const cases = [
      [`a: ${'['.repeat(100000)}${']'.repeat(100000)}\n`, /nested more than 32 deep/],
      [`a: ${'{b: '.repeat(50000)}1${'}'.repeat(50000)}\n`, /nested more than 32 deep/],
      [lines(2000, (i) => `${' '.repeat(i)}a:`), /nested more than 32 deep|too large/],
      [`id: cop:list:y\nentries:\n${lines(2000000, (i) => `  - x${i}.example`)}`, /too large.*\n {2}to do: split it; put long lists into list files/],
      [`a: &a [x, x]\n${lines(30, (i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'}, *${i ? `b${i - 1}` : 'a'}]`)}`, /anchors/],
      [`id: "${'x'.repeat(1 << 20)}"\n`, /error/],
      ['\0\0\0\0', /error/],
      [lines(50000, (i) => `k${i}: 1`), /error/],
    ];
    for (const [text, words] of cases) {
      const ran = check(sources('domains', 'l.txt', 'a.example\n', { 'z.yaml': text }));
      assert.equal(ran.code, 65, ran.err.slice(0, 1000));
      assert.match(ran.err, words);
      assert.ok(ran.told < 200, `${ran.told}`);
    }
  },
  'a policy file that is none'() {
    const bundle = join(folder, 'run.cop');
    for (const text of ['policy: 1\n'.repeat(100000), `policy: ${'['.repeat(100000)}`, 'x'.repeat(5 << 20), '\0', '']) {
      const path = join(folder, 'policy.yaml');
      writeFileSync(path, text);
      const ran = copc(['explain', bundle, '--policy', path, 'https://a.example/']);
      assert.equal(ran.code, 78, ran.err.slice(0, 1000));
      assert.match(ran.err, /policy\.yaml/);
    }
  },
});
