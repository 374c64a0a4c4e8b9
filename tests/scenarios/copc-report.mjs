// The conformance report: what is in it, what it finds missing, its page.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { accessibilityProblems } from './lib/browser.mjs';
import { copc, folder, packs, scenario, source, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const now = ['--now', '2026-11-24T10:00:00Z'];

function report(...words) {
  const ran = copc(['report', '--json', ...now, ...words]);
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out);
}

// A small bundle of its own; `change` edits the requirement's text.
let made = 0;
function sources(change = (text) => text) {
  made += 1;
  const place = join(folder, `sources-${made}`);
  mkdirSync(place);
  writeFileSync(join(place, 'bundle.yaml'), 'id: cop:bundle:small\ntitle: Small & <odd>\nissuer: "An \\"office\\""\nlicence: CC0-1.0\nrevision: "1"\n');
  writeFileSync(join(place, 'games.yaml'), 'id: cop:list:games\nformat: domains\nobject: domain\ncategories: [media.games]\nlicence: CC0-1.0\norigin: "Games office"\nretrieved: 2026-11-01\nentries: [a.example, b.example]\n');
  writeFileSync(join(place, 'requirement.yaml'), change(`id: cop:req:XX:law:games
version: 2
status: in_force
kind: category
title: {en: "Games", fr: "Jeux"}
x-owner: "Media Office"
legal:
  jurisdiction: [XX, XX-01]
  instrument: {name: "Law <1>", type: statute, citation: "s. 1"}
  authority: "Office"
time: {effective_from: 2025-01-01, review_by: 2030-01-01}
scope: {age: {min: 6, max: 12}, subscriber: [school_pupil]}
target:
  category: [media.games]
action: block
strength: mandatory
notice: {stop_page: {text: {en: "No games.", fr: "Pas de jeux."}}}
appeal: {contact: {en: "Write to us", fr: "Écrivez-nous"}}
verification:
  vectors:
    - {id: a, given: {age: 9}, when: {url: "https://a.example/"}, then: {decision: block}}
`));
  return place;
}

const codes = (told) => told.gaps.map((gap) => gap.code).sort();

await scenario({
  'every requirement with its basis, its lists and its proof'() {
    const told = report(sources());
    assert.equal(told.schema, 'copc/report/v1');
    assert.equal(told.as_of, '2026-11-24');
    assert.deepEqual(told.by_basis, { statute: { requirements: 1, in_force: 1, entries: 0 } });
    const [r] = told.requirements;
    assert.deepEqual(r.basis, { type: 'statute', instrument: 'Law <1>', citation: 's. 1', authority: 'Office', url: null, jurisdiction: ['XX', 'XX-01'] });
    assert.deepEqual([r.version, r.kind, r.status, r.action, r.effect, r.strength, r.lock], [2, 'category', 'in_force', 'block', 'always', 'mandatory', 'none']);
    assert.deepEqual([r.from, r.until, r.review_by, r.time, r.review_overdue], ['2025-01-01', null, '2030-01-01', 'running', false]);
    assert.deepEqual([r.age, r.subscribers], [[6, 12], ['school_pupil']]);
    assert.deepEqual(r.categories, [{ id: 'media.games', entries: 2 }]);
    assert.deepEqual(r.vectors, { held: 1, not_run: 0 });
    assert.deepEqual(r.extra, ['x-owner: Media Office']);
    assert.equal(r.texts.notice.fr, 'Pas de jeux.');
    assert.deepEqual(told.lists.map((l) => [l.name, l.entries, l.source, l.retrieved, l.age_days]), [['cop:list:games', 2, 'Games office', '2026-11-01', 23]]);
    assert.deepEqual(told.gaps, []);
  },
  'a bundle and its sources give the same report'() {
    const place = sources();
    const file = join(folder, 'same.cop');
    assert.equal(copc(['build', place, '-o', file]).code, 0);
    assert.deepEqual(report(place), report(file));
  },
  'what is missing is named'() {
    const empty = report(sources((text) => text.replace('[media.games]', '[media.games, comm.chat]')));
    assert.deepEqual(codes(empty), ['category-empty']);
    assert.match(empty.gaps[0].what, /comm\.chat/);
    const language = report(sources((text) => text.replace(', fr: "Écrivez-nous"', '')));
    assert.deepEqual(codes(language), ['language-missing']);
    assert.match(language.gaps[0].what, /appeal is not in "fr"/);
    const draft = report(sources((text) => text.replace('in_force', 'draft')));
    assert.deepEqual(codes(draft), ['not-in-force']);
    const far = report(sources((text) => text.replace('action: block', '  list: {ref: "list:far", object: domain, cadence: P1D, max_age: P2D, stale_policy: keep_and_alarm, distribution: reference}\naction: block')));
    assert.deepEqual(codes(far), ['list-elsewhere']);
    const old = report(sources((text) => text.replace('action: block', '  list: {entries: [c.example], format: domains, object: domain, retrieved: 2026-11-01, max_age: P7D, cadence: P1D}\naction: block')));
    assert.deepEqual(codes(old), ['list-old']);
    const undated = report(sources((text) => text.replace('action: block', '  list: {entries: [c.example], format: domains, object: domain}\naction: block')));
    assert.deepEqual(codes(undated), ['list-undated']);
  },
  'dates are judged as of --now, also of a bundle'() {
    const file = join(folder, 'dated.cop');
    const place = sources((text) => text.replace('effective_from: 2025-01-01', 'effective_from: 2025-01-01, effective_to: 2029-06-30'));
    assert.equal(copc(['build', place, '-o', file, ...now]).code, 0);
    const later = JSON.parse(copc(['report', '--json', '--now', '2031-01-01', file]).out);
    assert.deepEqual(codes(later), ['over', 'review-due']);
    assert.equal(later.requirements[0].until, '2029-06-30');
    assert.equal(later.requirements[0].time, 'over');
  },
  'what is shadowed says by what'() {
    const place = sources();
    writeFileSync(join(place, 'second.yaml'), readFileSync(join(place, 'requirement.yaml'), 'utf8')
      .replace('law:games', 'law:weak').replace('mandatory', 'default_on').replace('max: 12', 'max: 10'));
    const told = report(place);
    const weak = told.requirements.find((r) => r.id.endsWith(':weak'));
    assert.equal(weak.shadowed_by, 'cop:req:XX:law:games');
    assert.deepEqual(codes(told), ['shadowed']);
  },
  'the shipped packs: counts add up'() {
    const told = report(bundle);
    const n = Object.values(told.by_basis).reduce((sum, row) => sum + row.requirements, 0);
    assert.equal(n, told.requirements.length);
    assert.equal(told.requirements.length, told.bundle.counts.requirements);
    assert.equal(told.appeals.length, 2);
    assert.ok(told.requirements.every((r) => r.vectors.held > 0));
    assert.ok(told.gaps.every((gap) => gap.what !== null));
  },
  'the page escapes what authors wrote, and stands alone'() {
    const file = join(folder, 'report.html');
    const ran = copc(['report', sources(), '--html', '-o', file, ...now]);
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.out, '');
    const page = readFileSync(file, 'utf8');
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.match(page, /<h1>Conformance report: Small &amp; &lt;odd&gt;<\/h1>/);
    assert.match(page, /Law &lt;1&gt;/);
    assert.match(page, /An &quot;office&quot;/);
    assert.doesNotMatch(page, /<script|src=|href="(?!#)/);
    assert.match(page, /<span lang="en" dir="auto">Games<\/span>/);
    const open = [];
    const empty = new Set(['meta']);
    for (const [, end, tag] of page.replace(/<!doctype html>|<style>[^]*?<\/style>/g, '').matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
      if (empty.has(tag)) continue;
      if (end === '') open.push(tag);
      else assert.equal(open.pop(), tag);
    }
    assert.deepEqual(open, []);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, to] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(to), to);
    for (const [, table] of page.matchAll(/<table>([^]*?)<\/table>/g)) assert.match(table, /^<caption>.*<th scope="col">/);
  },
  async 'everybody can use the page: wide, narrow, dark'() {
    const file = join(folder, 'starter.html');
    assert.equal(copc(['report', bundle, '--html', '-o', file, ...now]).code, 0);
    const { chromium } = createRequire(join(source, 'tests/package.json'))('playwright-core');
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
    try {
      for (const look of [{}, { viewport: { width: 320, height: 600 } }, { colorScheme: 'dark' }]) {
        const page = await (await browser.newContext(look)).newPage();
        await page.goto(pathToFileURL(file).href);
        const { problems, passed } = await accessibilityProblems(page);
        assert.deepEqual(problems, []);
        assert.ok(passed > 10);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${wide} px too wide`);
      }
    } finally {
      await browser.close();
    }
  },
  'for people on a terminal'() {
    const ran = copc(['report', bundle, ...now]);
    assert.equal(ran.code, 0);
    assert.match(ran.out, /^cop:req:XX:child-protection-act:illegal-content$/m);
    assert.match(ran.out, /statute: Act No\. 12 of 2024, section 9/);
    const [, gaps] = /^missing, out of date or without effect: (\d+)$/m.exec(ran.out);
    const told = ran.out.match(/ \[list-undated\]$/gm).length; // in short: five of a kind
    assert.equal(told, 5);
    const [, more] = /^ {2}and (\d+) more \[list-undated\]; --html and --json have them all$/m.exec(ran.out);
    assert.ok(Number(more) > 50 && Number(more) + told <= Number(gaps));
  },
  'bad input'() {
    const cases = [
      [['report'], 2, /name a bundle/],
      [['report', '--json', '--html', bundle], 2, /exclude each other/],
      [['report', '--now', 'soon', bundle], 2, /is no time/],
      [['report', join(folder, 'absent.cop')], 65, /absent\.cop/],
      [['report', join(folder, 'absent.yaml')], 65, /absent\.yaml/],
      [['report', sources((text) => text.replace('citation: "s. 1"', 'note: x'))], 65, /L01|note/],
      [['report', sources((text) => text.replace('decision: block', 'decision: allow'))], 1, /does not hold/],
      [['report', bundle, '-o', join(folder, 'no/where.json')], 74, /where\.json/],
    ];
    for (const [words, code, text] of cases) {
      const ran = copc(words);
      assert.equal(ran.code, code, `${words.join(' ')}: ${ran.err}`);
      assert.equal(ran.out, '');
      assert.match(ran.err, text);
    }
    const damaged = join(folder, 'damaged.cop');
    writeFileSync(damaged, readFileSync(bundle).subarray(0, 5000));
    assert.equal(copc(['report', damaged]).code, 65);
  },
  'the packs as a folder, with a stray file beside them'() {
    const place = join(folder, 'packs');
    cpSync(packs, place, { recursive: true });
    writeFileSync(join(place, 'readme.txt'), 'nothing');
    assert.equal(report(place).requirements.length, report(bundle).requirements.length);
  },
});
