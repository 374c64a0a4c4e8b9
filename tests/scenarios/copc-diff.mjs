// What two policies decide differently.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, packs, scenario, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const at = ['--at', '2026-11-24T10:00:00Z', '--now', '2026-11-24T10:00:00Z'];
const adult = 'cop:req:XX:youth-media-regulation:adult-content';
const illegal = 'cop:req:XX:child-protection-act:illegal-content';

// A copy of the packs in which some files read otherwise.
let made = 0;
function changed(edits) {
  made += 1;
  const place = join(folder, `packs-${made}`);
  cpSync(packs, place, { recursive: true });
  for (const [file, edit] of Object.entries(edits)) {
    const path = join(place, file);
    const before = readFileSync(path, 'utf8');
    const after = edit(before);
    assert.notEqual(after, before, file);
    writeFileSync(path, after);
  }
  return place;
}

const later = changed({
  'example-nation/requirements/adult-content.yaml': (text) => text.replace(/min: \d+, max: 18/, 'min: 5, max: 18'),
  'example-nation/lists/illegal.domains': (text) => `${text}added.example\n`,
});

function diff(...words) {
  const ran = copc(['diff', '--json', ...at, ...words]);
  return { code: ran.code, told: JSON.parse(ran.out) };
}

function compiled(place, name) {
  const path = join(folder, name);
  const ran = copc(['build', place, '-o', path]);
  assert.equal(ran.code, 0, ran.err);
  return path;
}

await scenario({
  'the same is the same, as bundles and as sources'() {
    for (const [before, after] of [[bundle, bundle], [packs, packs], [bundle, packs], [packs, bundle]]) {
      const { code, told } = diff(before, after);
      assert.equal(code, 0);
      assert.equal(told.schema, 'copc/diff/v1');
      assert.deepEqual([told.differ, told.same_bytes], [false, true]);
      assert.ok(Object.values(told.statements).every((rows) => rows.length === 0));
    }
  },
  'statements field by field, entries by count'() {
    const { code, told } = diff(bundle, compiled(later, 'later.cop'));
    assert.equal(code, 1);
    assert.equal(told.differ, true);
    assert.deepEqual(told.statements.requirements, [{ id: adult, change: 'changed', fields: [{ field: 'age', before: [0, 18], after: [5, 18] }] }]);
    const [list] = told.statements.lists;
    assert.equal(list.id, `${illegal}#1`);
    assert.equal(list.fields[0].after, list.fields[0].before + 1);
    assert.equal(told.decisions, null);
  },
  'decisions of sources, by requirement and with examples'() {
    const { code, told } = diff(packs, later);
    assert.equal(code, 1);
    const d = told.decisions;
    assert.equal(d.asked, d.same + d.blocked + d.allowed + d.other);
    assert.equal(d.blocked, 1);
    assert.ok(d.allowed > 3);
    const by = Object.fromEntries(d.by_requirement.map((row) => [row.by, row]));
    assert.equal(by[illegal].blocked, 1);
    assert.equal(by[illegal].examples[0].address, 'https://added.example/');
    assert.equal(by[illegal].examples[0].before.action, 'allow');
    assert.equal(by[illegal].examples[0].after.by, illegal);
    assert.equal(by[adult].allowed, d.allowed);
    assert.equal(by[adult].examples[0].for, 'somebody aged 0');
    assert.ok(told.patterns_not_asked > 0);
  },
  'for one person, and in the other direction'() {
    const nine = diff(packs, later, '--age', '9').told.decisions;
    assert.deepEqual([nine.blocked, nine.allowed], [1, 0]);
    const back = diff(later, packs, '--age', '9').told.decisions;
    assert.deepEqual([back.blocked, back.allowed], [0, 1]);
    const three = diff(packs, later, '--age', '3').told.decisions;
    assert.ok(three.allowed > 3);
    const school = diff(packs, later, '--age', '3', '--template', 'school-primary').told.decisions;
    assert.ok(school.other > 3, 'the template still blocks, for its own reason');
  },
  'addresses from a file, of bundles alone'() {
    const urls = join(folder, 'urls.txt');
    writeFileSync(urls, 'https://added.example/\nhttps://library.example/\nno address at all\n\nhttps://added.example/\n');
    const { code, told } = diff(bundle, compiled(later, 'later2.cop'), '--urls', urls);
    assert.equal(code, 1);
    assert.deepEqual([told.decisions.asked, told.decisions.blocked, told.decisions.same], [2, 1, 1]);
  },
  'lines that are no address are counted, and one is shown'() {
    const urls = join(folder, 'odd.txt');
    writeFileSync(urls, `https://casino.example/\n\nno address\u0007 at all\n${'x'.repeat(2 << 20)}\ncasino.example\n`);
    const words = ['diff', starterBundle(), starterBundle(), '--urls', urls];
    const told = JSON.parse(copc([...words, '--json']).out);
    assert.deepEqual([told.decisions.asked, told.no_addresses], [2, 2]);
    assert.match(copc(words).out, /^lines that are no address, and were not asked about: 2; one is no address\? at all$/m);
  },
  'the number of examples is chosen'() {
    for (const n of [0, 2]) {
      const { told } = diff(packs, later, '--examples', String(n));
      assert.ok(told.decisions.by_requirement.every((row) => row.examples.length <= n));
      assert.ok(told.decisions.allowed > 3);
    }
  },
  'added and removed requirements, templates and texts'() {
    const fewer = changed({
      'example-nation/requirements/adult-content.yaml': (text) => text.replace(':adult-content', ':other-content').replaceAll(adult, `${adult.slice(0, -13)}other-content`),
      'bundle.yaml': (text) => text.replace(/revision: .*/, 'revision: "2"'),
    });
    const { told } = diff(packs, fewer);
    assert.deepEqual(told.statements.requirements.map((row) => row.change).sort(), ['added', 'removed']);
    assert.deepEqual(told.statements.manifest[0].fields, [{ field: 'revision', before: '2026.1', after: '2' }]);
    const words = changed({ 'example-nation/requirements/adult-content.yaml': (text) => text.replace('Examplia', 'Exampliana') });
    const { told: wording } = diff(packs, words);
    assert.equal(wording.differ, true);
    assert.ok(wording.statements.requirements[0].fields.length > 0);
    assert.equal(wording.decisions.blocked + wording.decisions.allowed, 0);
  },
  'other bytes without another meaning: only sources can tell'() {
    const commented = changed({ 'example-nation/lists/illegal.domains': (text) => `# moved down\n${text}` });
    const bundles = diff(bundle, compiled(commented, 'commented.cop'));
    assert.deepEqual([bundles.code, bundles.told.differ, bundles.told.same_bytes], [1, true, false]);
  },
  'for people on a terminal'() {
    const ran = copc(['diff', packs, later, ...at]);
    assert.equal(ran.code, 1);
    assert.equal(ran.err, '');
    assert.match(ran.out, new RegExp(`changed ${adult}\\n {4}age: \\[0,18\\] -> \\[5,18\\]`));
    assert.match(ran.out, /1 newly blocked/);
    assert.match(copc(['diff', bundle, bundle]).out, /the same, byte for byte/);
  },
  'bad input'() {
    const cases = [
      [['diff'], 2, /two bundles/],
      [['diff', bundle], 2, /two bundles/],
      [['diff', bundle, bundle, bundle], 2, /two bundles/],
      [['diff', bundle, bundle, '--examples', 'many'], 2, /no number/],
      [['diff', bundle, packs, '--age', '900'], 2, /no age/],
      [['diff', bundle, packs, '--at', 'noon'], 2, /no time/],
      [['diff', bundle, packs, '--template', 'none-such'], 78, /none-such/],
      [['diff', bundle, join(folder, 'absent.cop')], 65, /absent\.cop/],
      [['diff', bundle, packs, '--urls', join(folder, 'absent.txt')], 65, /absent\.txt/],
    ];
    for (const [words, code, text] of cases) {
      const ran = copc(words);
      assert.equal(ran.code, code, `${words.join(' ')}: ${ran.err}`);
      assert.equal(ran.out, '');
      assert.match(ran.err, text);
    }
    const damaged = join(folder, 'damaged.cop');
    writeFileSync(damaged, readFileSync(bundle).subarray(0, 700));
    assert.equal(copc(['diff', bundle, damaged]).code, 65);
    assert.equal(copc(['diff', damaged, packs]).code, 65);
  },
});
