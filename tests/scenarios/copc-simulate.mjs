// Replaying what was asked for under another policy.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, packs, scenario, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const adult = 'cop:req:XX:youth-media-regulation:adult-content';

let made = 0;
function file(lines) {
  made += 1;
  const path = join(folder, `log-${made}`);
  writeFileSync(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n') + '\n');
  return path;
}

function simulate(log, ...words) {
  const ran = copc(['simulate', bundle, '--log', Array.isArray(log) ? file(log) : log, '--json', ...words]);
  return { code: ran.code, err: ran.err, told: ran.out === '' ? null : JSON.parse(ran.out) };
}

const sums = ({ asked, same, blocked, allowed, other }) => [asked, same, blocked, allowed, other];

// A line as the gateway writes it.
const decision = (more) => ({
  time: '2026-11-24T10:00:00.000Z', event: 'decision', stage: 'request', mode: 'intercept', connection: 1,
  method: 'GET', scheme: 'https', port: 443, path: '/', action: 'allow', level: 'none', categories: [], ...more,
});

// The packs with the age of a requirement lowered.
const older = join(folder, 'older.cop');
{
  const place = join(folder, 'older');
  cpSync(packs, place, { recursive: true });
  const path = join(place, 'example-nation/requirements/adult-content.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/min: \d+, max: 18/, 'min: 16, max: 18'));
  const ran = copc(['build', place, '-o', older]);
  assert.equal(ran.code, 0, ran.err);
}

const policy = join(folder, 'policy.yaml');
writeFileSync(policy, `policy: 1
place: household
timezone: Asia/Tokyo
profiles:
  - name: young
    age: 9
    subscriber: residential
    deny: [library.example]
    closed:
      - {from: "22:00", to: "06:00"}
  - name: grown
    age: 40
`);

await scenario({
  'addresses, as if there had been no policy'() {
    const { code, told } = simulate(['https://over-18.examplia.test/', 'library.example', '', 'https://over-18.examplia.test/again'], '--age', '12');
    assert.equal(code, 0);
    assert.equal(told.schema, 'copc/simulate/v1');
    assert.deepEqual([told.against, told.lines, told.for], ['nothing', 4, 'somebody aged 12']);
    assert.deepEqual(sums(told.decisions), [3, 1, 2, 0, 0]);
    const [row] = told.decisions.by_requirement;
    assert.deepEqual([row.by, row.blocked, row.examples.length], [adult, 2, 2]);
    assert.equal(row.examples[0].address, 'https://over-18.examplia.test/');
  },
  'a log: what would newly be blocked and allowed'() {
    const { code, told } = simulate([
      decision({ host: 'over-18.examplia.test' }),
      decision({ host: 'library.example', action: 'block', level: 'mandatory', requirement: 'cop:req:XX:old:rule' }),
      decision({ host: 'over-18.examplia.test', action: 'block', level: 'mandatory', requirement: adult }),
      decision({ host: 'over-18.examplia.test', action: 'block', level: 'template' }),
      { time: '2026-11-24T10:00:01.000Z', event: 'end', mode: 'intercept', reason: 'done', whose: 'nobody' },
      { time: '2026-11-24T10:00:01.000Z', event: 'dropped', lines: 3 },
      decision({ host: undefined, action: 'block', level: 'locked', requirement: 'cop:req:XX:some:thing' }),
    ], '--age', '12');
    assert.equal(code, 0);
    assert.equal(told.against, 'log');
    assert.deepEqual(sums(told.decisions), [4, 1, 1, 1, 1]);
    assert.deepEqual(told.not_replayed, { withheld: 1, other: 2, nobody: 0, bad: 0 });
    const by = Object.fromEntries(told.decisions.by_requirement.map((row) => [row.by, row]));
    assert.deepEqual([by[adult].blocked, by[adult].other], [1, 1]);
    assert.equal(by['cop:req:XX:old:rule'].allowed, 1);
    assert.equal(by['cop:req:XX:old:rule'].examples[0].before.action, 'block');
  },
  'URL rules see scheme, port and path; hosts alone are counted'() {
    const album = { host: 'www.shared-host.example', path: '/share' };
    const { told } = simulate([
      decision({ host: 'mirror-7.examplia.test', scheme: 'http', port: 80 }),
      decision(album),
      decision({ stage: 'connect', host: 'over-18.examplia.test', path: undefined, mode: 'intercept' }),
      decision({ host: '2001:db8::1' }),
      decision({ host: 'meet.examplia.test', scheme: 'wss', path: undefined }),
    ], '--age', '12');
    assert.equal(told.hosts_alone, 2);
    assert.equal(told.decisions.asked, 5);
    assert.ok(told.decisions.by_requirement.some((row) => row.examples.some((e) => e.address === 'http://mirror-7.examplia.test/')));
    assert.ok(told.decisions.by_requirement.some((row) => row.examples.some((e) => e.address === 'over-18.examplia.test')));
  },
  'against older bundles, whatever the log says'() {
    const log = file([decision({ host: 'over-18.examplia.test', action: 'block', level: 'mandatory' }), 'https://library.example/']);
    const { told } = simulate(log, '--against', older, '--age', '12');
    assert.equal(told.against, 'bundles');
    assert.deepEqual(sums(told.decisions), [2, 1, 1, 0, 0]);
    assert.deepEqual(sums(simulate(log, '--against', older, '--age', '17').told.decisions), [2, 2, 0, 0, 0]);
    assert.deepEqual(sums(simulate(log, '--against', bundle, '--age', '12').told.decisions), [2, 2, 0, 0, 0]);
  },
  'each line for its own profile, at its own time, on that wall\'s clock'() {
    const log = [
      decision({ host: 'library.example', profile: 'young' }),
      decision({ host: 'library.example', profile: 'grown' }),
      decision({ host: 'plain.example', profile: 'young', time: '2026-11-24T13:30:00.250Z' }), // 22:30 in Tokyo
      decision({ host: 'plain.example', profile: 'young', time: '2026-11-24T10:00:00.250Z' }), // 19:00 there
      decision({ host: 'library.example', profile: 'moved-away' }),
      decision({ host: 'library.example' }),
    ];
    const { told } = simulate(log, '--policy', policy);
    assert.equal(told.for, 'the profile of each line');
    assert.deepEqual(sums(told.decisions), [4, 2, 2, 0, 0]);
    assert.equal(told.not_replayed.nobody, 2);
    assert.equal(told.decisions.by_requirement.flatMap((row) => row.examples).find((e) => e.address.includes('library')).for, 'profile young');
    const fixed = simulate(log, '--policy', policy, '--profile', 'grown').told;
    assert.deepEqual(sums(fixed.decisions), [6, 6, 0, 0, 0]);
    const night = simulate(log, '--policy', policy, '--profile', 'young', '--at', '2026-11-24T23:00:00+09:00').told;
    assert.deepEqual(sums(night.decisions), [6, 0, 6, 0, 0]);
  },
  'another policy file on the older side, each on its own place\'s clock'() {
    const other = join(folder, 'other.yaml');
    writeFileSync(other, readFileSync(policy, 'utf8').replace('Asia/Tokyo', 'Europe/London'));
    const log = file([
      decision({ host: 'plain.example', profile: 'young', time: '2026-11-24T13:30:00.250Z' }), // 22:30 in Tokyo
      decision({ host: 'plain.example', profile: 'young', time: '2026-11-24T22:30:00.250Z' }), // 07:30 there, 22:30 in London
      decision({ host: 'plain.example', profile: 'young', time: '2026-11-24T12:00:00.250Z' }),
      decision({ host: 'plain.example', profile: 'young', time: '2026-11-24T13:31:00.250Z' }),
    ]);
    const there = simulate(log, '--policy', policy, '--against-policy', other).told;
    assert.deepEqual([there.against, ...sums(there.decisions)], ['bundles', 4, 1, 2, 1, 0]);
    const back = simulate(log, '--policy', other, '--against-policy', policy, '--against', bundle).told;
    assert.deepEqual(sums(back.decisions), [4, 1, 1, 2, 0]);
    const fixed = simulate(log, '--policy', policy, '--against-policy', other, '--profile', 'young', '--at', '2026-11-24T13:30:00Z').told;
    assert.deepEqual(sums(fixed.decisions), [4, 0, 4, 0, 0]);
  },
  'lines that cannot be read: counted, shown, and the exit says so'() {
    const { code, told } = simulate([
      '{"event":"decision"', '{"event":"decision","event":"end"}', '[1]', '{"a":1}', 'no address at all', '{"event":"decision","action":"dance","host":"a.example"}',
      decision({ host: 'not a host' }), decision({ stage: 'connect', host: '..' }), `https://a.example/${'x'.repeat(2 << 20)}`,
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1'), decision({ host: 'library.example' }),
    ]);
    assert.equal(code, 65);
    assert.equal(told.not_replayed.bad, 10);
    assert.equal(told.decisions.asked, 1);
    assert.equal(told.bad_lines.length, 5);
    assert.deepEqual(told.bad_lines[0], { line: 1, what: 'is no whole JSON object' });
    const ran = copc(['simulate', bundle, '--log', file(['{', 'library.example'])]);
    assert.equal(ran.code, 65);
    assert.match(ran.err, /could not be read: 1\n {2}line 1 is no whole JSON object/);
    assert.match(ran.out, /1 asked/);
  },
  'a line that is almost one of the log is none'() {
    const flaws = [
      [{ port: 65537 }, /port/], [{ port: 0 }, /port/], [{ port: '443' }, /port/], [{ path: '@elsewhere.example/' }, /path/],
      [{ path: 'x' }, /path/], [{ host: 'a.example/b' }, /host/], [{ host: 7 }, /text/], [{ host: null }, /text/],
      [{ stage: 'dream' }, /stage/], [{ scheme: 'gopher' }, /scheme/], [{ level: 'high' }, /level/], [{ time: 'noon' }, /time/],
      [{ requirement: 'é'.repeat(300) }, /identifier/], [{ requirement: `cop:req:${'x'.repeat(300)}` }, /identifier/], [{ x: 'y'.repeat(70000) }, /longer/],
    ];
    const log = flaws.map(([more]) => decision({ host: 'library.example', ...more }));
    const { code, told } = simulate([...log, decision({ host: 'library.example' })], '--examples', '0');
    assert.equal(code, 65);
    assert.deepEqual([told.not_replayed.bad, told.decisions.asked], [flaws.length, 1]);
    for (const [i, [, words]] of flaws.entries()) {
      const one = simulate([log[i]]).told;
      assert.match(one.bad_lines[0].what, words);
    }
  },
  'a log that names many requirements does not fill the answer'() {
    const log = file(Array.from({ length: 12000 }, (_, i) => decision({ host: 'library.example', action: 'block', requirement: `cop:req:XX:a:n${i}` })));
    const { told } = simulate(log, '--examples', '0');
    assert.equal(told.decisions.allowed, 12000);
    assert.equal(told.decisions.by_requirement.length, 10001);
    assert.deepEqual([told.decisions.by_requirement[0].by, told.decisions.by_requirement[0].allowed], ['other requirements', 2000]);
  },
  'nothing at all, and standard input'() {
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    assert.deepEqual(sums(simulate(empty).told.decisions), [0, 0, 0, 0, 0]);
    const ran = copc(['simulate', bundle, '--log', '-', '--age', '12', '--exit-code'], { input: 'over-18.examplia.test' });
    assert.equal(ran.code, 1);
    assert.match(ran.out, /1 newly blocked/);
    assert.match(ran.out, new RegExp(adult));
    assert.equal(copc(['simulate', bundle, '--log', '-', '--exit-code'], { input: 'library.example\n' }).code, 0);
  },
  'a long log in one pass, with few examples'() {
    const log = file(Array.from({ length: 40000 }, (_, i) => (i % 2 === 0 ? `https://h${i % 50}.over-18.examplia.test/${i}` : decision({ host: `h${i % 50}.over-18.examplia.test`, path: `/${i}` }))));
    const { code, told } = simulate(log, '--age', '12', '--examples', '1');
    assert.equal(code, 0);
    assert.deepEqual(sums(told.decisions), [40000, 0, 40000, 0, 0]);
    assert.equal(told.decisions.by_requirement[0].examples.length, 1);
  },
  'bad input'() {
    const log = file(['library.example']);
    const cases = [
      [['simulate'], 2, /at least one bundle/],
      [['simulate', bundle], 2, /--log/],
      [['simulate', bundle, '--log', log, '--examples', '-1'], 2, /no number/],
      [['simulate', bundle, '--log', log, ...Array(9).fill(['--against', bundle]).flat()], 2, /more than 8/],
      [['simulate', bundle, '--log', log, '--against-policy', policy], 2, /needs --policy/],
      [['simulate', bundle, '--log', log, '--policy', policy, '--against-policy', join(folder, 'gone.yaml')], 78, /gone\.yaml/],
      [['simulate', bundle, '--log', join(folder, 'absent')], 65, /absent/],
      [['simulate', bundle, '--log', folder], 74, /cannot read/],
      [['simulate', join(folder, 'absent.cop'), '--log', log], 65, /absent\.cop/],
      [['simulate', bundle, '--log', log, '--against', join(folder, 'absent.cop')], 65, /absent\.cop/],
      [['simulate', bundle, '--log', log, '--policy', join(folder, 'absent.yaml')], 78, /absent\.yaml/],
      [['simulate', bundle, '--log', log, '--policy', policy, '--profile', 'nobody'], 78, /no profile nobody/],
      [['simulate', bundle, bundle, '--log', log], 65, /twice|cop:req:/],
    ];
    for (const [words, code, text] of cases) {
      const ran = copc(words);
      assert.equal(ran.code, code, `${words.join(' ')}: ${ran.err}`);
      assert.equal(ran.out, '');
      assert.match(ran.err, text);
    }
  },
});
