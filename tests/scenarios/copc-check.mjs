// Sources with one flaw each: where, what, and how copc ends.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { copc, folder, packs, scenario, source } from './lib/copc.mjs';

const bad = join(source, 'tests/bad/cli');

// folder, exit code, file and line (0: any), a part of the message
const flaws = [
  ['malformed', 65, 'requirement.yaml', 0, /yaml/],
  ['empty-file', 65, 'requirement.yaml', 0, /empty|nothing/],
  ['unknown-key', 65, 'requirement.yaml', 15, /strenght/],
  ['duplicate-key', 65, 'requirement.yaml', 17, /lock/],
  ['unknown-category', 65, 'requirement.yaml', 13, /media\.gaems/],
  ['list-line', 65, 'listed.domains', 3, /not a domain/],
  ['pattern', 65, 'listed.patterns', 2, /pattern/],
  ['missing-list', 65, 'requirement.yaml', 0, /absent\.domains/],
  ['expired', 65, 'requirement.yaml', 11, /L05/],
  ['contradiction', 65, 'second.yaml', 0, /L18/],
  ['no-citation', 65, 'requirement.yaml', 0, /citation/],
  ['locked-override', 65, 'requirement.yaml', 0, /L17/],
  ['no-manifest', 65, '', 0, /cop:bundle/],
  ['two-manifests', 65, 'second-bundle.yaml', 0, /second manifest/],
  ['vector', 1, 'requirement.yaml', 26, /does-not-hold/],
];

const tests = {};
for (const [name, code, file, line, text] of flaws) {
  tests[`${name}: for people`] = () => {
    const ran = copc(['check', join(bad, name)]);
    assert.equal(ran.code, code, ran.err);
    assert.equal(ran.out, '');
    assert.match(ran.err, text);
    assert.match(ran.err, / error: .* \[[A-Za-z0-9-]+\]\n/);
    if (file !== '') assert.ok(ran.err.includes(`${file}:${line === 0 ? '' : `${line}:`}`), ran.err);
    if (name !== 'empty-file') assert.match(ran.err, /\n {2}to do: /);
    assert.match(ran.err, /not fine: \d+ error/);
    assert.ok(!ran.err.includes('\x1b'), 'colour without a terminal');
  };
  tests[`${name}: for programs`] = () => {
    const ran = copc(['check', '--json', join(bad, name)]);
    assert.equal(ran.code, code);
    assert.equal(ran.err, '');
    const told = JSON.parse(ran.out);
    assert.equal(told.schema, 'copc/findings/v1');
    assert.equal(told.ok, false);
    const errors = told.findings.filter((f) => f.severity === 'error');
    assert.equal(told.errors, errors.length);
    assert.ok(errors.length >= 1);
    if (file !== '') assert.ok(errors.some((f) => f.file.endsWith(file) && (line === 0 || f.line === line)), ran.out);
  };
}

await scenario({
  ...tests,
  'what ships is fine'() {
    const ran = copc(['check', '--strict', packs]);
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.err, /^fine: /m);
  },
  'a vector that fails names the requirement and what was decided'() {
    const ran = copc(['check', join(bad, 'vector')]);
    assert.match(ran.err, /cop:req:XX:demo:one/);
    assert.match(ran.err, /allow/);
  },
  'what has expired had not yet, before'() {
    assert.equal(copc(['check', '--now', '2020-06-01', join(bad, 'expired')]).code, 0);
  },
  'what is not yet in force is no error, and waits'() {
    const ran = copc(['build', join(bad, 'future'), '-o', join(folder, 'future.cop')]);
    assert.equal(ran.code, 0, ran.err);
    const decide = (at) => copc(['decide', join(folder, 'future.cop'), '--age', '10', '--at', at], { input: 'games.example\n' }).out.split('\t')[0];
    assert.equal(decide('2034-12-31T23:59:59Z'), 'allow');
    assert.equal(decide('2035-01-01T00:00:00Z'), 'block');
  },
  'every error is told, not the first alone'() {
    const ran = copc(['check', '--json', join(bad, 'unknown-key'), join(bad, 'malformed/requirement.yaml')]);
    assert.equal(ran.code, 65);
    const files = new Set(JSON.parse(ran.out).findings.map((f) => f.file));
    assert.ok(files.size >= 2, ran.out);
  },
  'sources that are not there'() {
    const ran = copc(['check', 'absent']);
    assert.equal(ran.code, 65);
    assert.match(ran.err, /absent/);
  },
});
