// From a decision back to the line of a list that gave it, without that line in
// the bundle: the sources are read again, if they are the ones that were compiled.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { copc, folder, scenario } from './lib/copc.mjs';

const sources = join(folder, 'sources');
const bundle = join(folder, 'sources.cop');
const others = (mark, write) => Array.from({ length: 1500 }, (_, i) => write(`${mark}-${i}.example`));

const requirement = `id: cop:req:XX:act:block
version: 1
status: in_force
title: {en: "Block"}
legal:
  jurisdiction: [XX]
  instrument: {name: Act, type: statute, citation: "1"}
  authority: Office
time: {effective_from: 2026-01-01}
strength: mandatory
appeal: {contact: {en: "https://office.example/"}}
notice: {stop_page: {text: {en: "Closed."}}}
kind: category
action: block
target:
  category: [gambling.real_money]
  list: [{entries: [inline.example, other.example], format: domains}, {file: own.urls, format: urls, licence: CC0-1.0}]
verification: {vectors: [{id: v, when: {url: "https://dice.example/"}, then: {decision: block}}]}
`;

// A list of each form, each with one name that is asked for.
const lists = {
  domains: { file: 'names.domains', text: [...others('d', (n) => n), 'Casino.Example  # the big one', 'dice.example'].join('\n') },
  hosts: { file: 'names.hosts.gz', pack: gzipSync, text: [...others('h', (n) => `0.0.0.0 ${n}`), '0.0.0.0 cards.example slots.example'].join('\r\n') },
  dnsmasq: { file: 'names.dnsmasq', text: others('q', (n) => `address=/${n}/`).concat('address=/sink.example/0.0.0.0').join('\n') },
  rpz: { file: 'names.rpz', text: ['$TTL 300', '@ SOA localhost. root.localhost. 1 3600 600 604800 300', ...others('r', (n) => `${n} CNAME .\n*.${n} CNAME .`), 'zone.example CNAME .'].join('\n') },
  csv: { file: 'names.csv', more: 'delimiter: ","\ncolumns: {name: domain}\n', text: ['domain,note', ...others('c', (n) => `${n},x`), '"table.example","two\nlines"'].join('\n') },
  adblock: { file: 'names.adblock.zst', pack: zstd, text: ['! title', ...others('a', (n) => `||${n}^`), '||ads.example^', '||path.example/x$script'].join('\n') },
};
const lineOf = (form, what) => lists[form].text.split('\n').findIndex((line) => line.includes(what)) + 1;

function zstd(text) {
  const ran = spawnSync('zstd', ['-qc'], { input: text });
  assert.equal(ran.status, 0);
  return ran.stdout;
}

mkdirSync(join(sources, 'ut1'), { recursive: true });
writeFileSync(join(sources, 'bundle.yaml'), 'id: cop:bundle:x\ntitle: X\nissuer: me\nlicence: CC0-1.0\nrevision: "1"\n');
writeFileSync(join(sources, 'block.yaml'), requirement);
writeFileSync(join(sources, 'own.urls'), 'shared.example/a\nshared.example/b/c\n');
for (const [form, { file, pack, more, text }] of Object.entries(lists)) {
  writeFileSync(join(sources, file), pack ? pack(text) : text);
  writeFileSync(join(sources, `${form}.yaml`), `id: cop:list:${form}\nformat: ${form}\nfile: ${file}\ncategories: [gambling.real_money]\nlicence: CC0-1.0\n${more ?? ''}`);
}
writeFileSync(join(sources, 'ut1/domains'), [...others('s', (n) => n), 'guard.example'].join('\n'));
writeFileSync(join(sources, 'ut1/urls'), 'paths.example/x\n');
writeFileSync(join(sources, 'ut1.yaml'), 'id: cop:list:ut1\nformat: squidguard\nfile: ut1\ncategories: [gambling.real_money]\nlicence: CC0-1.0\n');
const built = copc(['build', sources, '-o', bundle]);
assert.equal(built.code, 0, built.err);

const explain = (url, ...words) => copc(['explain', bundle, '--sources', sources, ...words, url]);
function found(url) {
  const ran = explain(url, '--json');
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out).in_sources;
}
function isAt(url, file, line, text) {
  assert.deepEqual(found(url), { verified: true, lines: [{ file: join(sources, file), line, text }] });
}

await scenario({
  'a domain of a long list is found where it is written'() {
    assert.match(copc(['explain', bundle, 'https://www.casino.example/']).out, /written in +names\.domains\n/);
    const { code, out, err } = explain('https://www.casino.example/');
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.match(out, /written in +names\.domains\n +in sources +\S*names\.domains:1501\n +Casino\.Example {2}# the big one\n/);
    isAt('https://www.casino.example/', 'names.domains', 1501, 'Casino.Example  # the big one');
  },
  'in lists of every form, packed or not'() {
    isAt('https://slots.example/', 'names.hosts.gz', 1501, '0.0.0.0 cards.example slots.example');
    isAt('https://sink.example/', 'names.dnsmasq', 1501, 'address=/sink.example/0.0.0.0');
    isAt('https://zone.example/', 'names.rpz', lineOf('rpz', 'zone.example'), 'zone.example CNAME .');
    isAt('https://table.example/', 'names.csv', 1502, '"table.example","two');
    isAt('https://ads.example/', 'names.adblock.zst', lineOf('adblock', 'ads.example'), '||ads.example^');
    isAt('https://www.guard.example/', 'ut1/domains', 1501, 'guard.example');
  },
  'rules that keep their line are shown as they are written too'() {
    isAt('https://paths.example/x/y', 'ut1/urls', 1, 'paths.example/x');
    isAt('https://shared.example/b/c', 'own.urls', 2, 'shared.example/b/c');
    const { verified, lines } = found('https://inline.example/');
    assert.equal(verified, false); // a document, of which no digest is kept
    assert.equal(lines.length, 1);
    assert.match(lines[0].text, /inline\.example/);
    assert.match(explain('https://inline.example/').out, /written there today/);
  },
  'where no rule decides there is nothing to find'() {
    assert.equal(found('https://open.example/'), null);
    assert.equal(JSON.parse(copc(['explain', bundle, '--json', 'https://dice.example/']).out).in_sources, null);
  },
  'the report has the digest of each file'() {
    const report = JSON.parse(copc(['report', bundle, '--json']).out);
    const digest = (bytes) => createHash('sha256').update(bytes).digest();
    const file = (name) => readFileSync(join(sources, name));
    const of = (name) => [...report.lists, ...report.requirements[0].lists].find((list) => list.name === name).sha256;

    for (const [form, list] of Object.entries(lists)) assert.equal(of(`cop:list:${form}`), digest(file(list.file)).toString('hex'));
    assert.equal(of('cop:list:ut1'), digest(Buffer.concat([digest(file('ut1/domains')), digest(file('ut1/urls'))])).toString('hex'));
    assert.equal(of('cop:req:XX:act:block#1'), null);
    assert.equal(of('cop:req:XX:act:block#2'), digest(file('own.urls')).toString('hex'));
    assert.match(copc(['dump', bundle, '--section', 'origins of lists']).out, new RegExp(digest(file('own.urls')).toString('hex')));
  },
  'all kinds of rules are counted'() {
    const { counts } = JSON.parse(copc(['info', bundle, '--json']).out);
    assert.deepEqual([counts.urls, counts.patterns, counts.adblock, counts.networks], [3, 0, 1, 0]);
    assert.match(copc(['info', bundle]).out, / {2}adblock +1\n/);
    assert.match(copc(['report', bundle]).out, / {2}rules: \d+ hosts, 3 URL prefixes, 1 Adblock rules\n/);
    assert.match(copc(['report', bundle, '--html']).out, /<dt>Rules<\/dt>/);
  },
  'sources of which one folder has it'() {
    const { code, out } = copc(['explain', bundle, '--sources', join(sources, 'domains.yaml'), '--sources', join(sources, 'hosts.yaml'), '--json', 'https://slots.example/']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).in_sources.lines[0].line, 1501);
  },
  'sources that do not have it, or are not there'() {
    const other = copc(['explain', bundle, '--sources', join(sources, 'hosts.yaml'), 'https://dice.example/']);
    assert.equal(other.code, 65);
    assert.match(other.out, /^BLOCKED/); // the answer is given all the same
    assert.match(other.err, /no document of the sources has the list cop:list:domains/);
    const none = copc(['explain', bundle, '--sources', join(sources, 'nowhere'), 'https://dice.example/']);
    assert.equal(none.code, 65);
    assert.match(none.err, /nowhere/);
    const many = copc(['explain', bundle, ...Array(9).fill(['--sources', sources]).flat(), 'https://dice.example/']);
    assert.equal(many.code, 2);
  },
  // Last: it changes the sources.
  'a file that is not the one that was compiled is called so'() {
    appendFileSync(join(sources, 'names.domains'), '\nnew.example');
    const { code, out, err } = explain('https://dice.example/');
    assert.equal(code, 65);
    assert.match(out, /^BLOCKED/);
    assert.doesNotMatch(out, /in sources/);
    assert.match(err, /names\.domains: .*not the file that the bundle was compiled from: its SHA-256 is [0-9a-f]{64}, the bundle has [0-9a-f]{64}/);
    assert.equal(JSON.parse(explain('https://dice.example/', '--json').out).in_sources.verified, false);
  },
  'nor is one that cannot be read as it was'() {
    writeFileSync(join(sources, 'names.domains'), 'dice.example\n'.concat('no domain\n'.repeat(30)));
    const { code, err } = explain('https://dice.example/');
    assert.equal(code, 65);
    assert.match(err, /names\.domains: .*not the list that the bundle was compiled from: it has lines that are wrong/);
    writeFileSync(join(sources, 'names.hosts.gz'), 'damaged'.repeat(100));
    assert.equal(explain('https://slots.example/').code, 65);
  },
});
