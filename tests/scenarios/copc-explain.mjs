// Explanations: the verdict, the reasons, the words for the child.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { copc, folder, scenario, source, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const at = ['--at', '2026-11-24T10:00:00+01:00'];

function explain(url, ...words) {
  const ran = copc(['explain', bundle, ...(words.includes('--at') ? [] : at), ...words, url]);
  assert.equal(ran.code, 0, ran.err);
  assert.equal(ran.err, '');
  return ran.out;
}
const asked = (url, ...words) => JSON.parse(explain(url, '--json', ...words));

await scenario({
  'a statute blocks: everything that is known is said'() {
    const text = explain('https://canary-csam.examplia.test/a', '--age', '9');
    assert.match(text, /^BLOCKED {2}https:\/\/canary-csam\.examplia\.test\/a\n/);
    assert.match(text, /for: somebody aged 9\n/);
    assert.match(text, /at: Tue 2026-11-24 09:00 UTC\n/);
    assert.match(text, /\n 1\. an entry that the nation locked by name: block {2}<- this decides\n/);
    assert.match(text, /rule +domain canary-csam\.examplia\.test\n/);
    assert.match(text, /written in +\S*illegal\.domains:3\n/);
    assert.match(text, /requirement +cop:req:XX:child-protection-act:illegal-content\n/);
    assert.match(text, /authority +Examplia Child Protection Authority\n/);
    assert.match(text, /citation +Act No\. 12 of 2024, section 9\n/);
    assert.match(text, /child reads +This page is blocked by law/);
    assert.match(text, /appeal +Child Protection Authority, appeals:/);
    assert.match(text, /helpline +.*childline\.examplia\.example/);
    assert.match(text, /to change +only the authority can; appeal there\n/);
  },
  'the same for programs'() {
    const told = asked('https://canary-csam.examplia.test/a', '--age', '9');
    assert.equal(told.schema, 'copc/explain/v1');
    assert.equal(told.action, 'block');
    assert.equal(told.level, 'locked-entry');
    assert.equal(told.requirement.http_status, 451);
    assert.equal(told.rule.kind, 'domain');
    assert.equal(told.rule.line, 3);
    assert.equal(told.steps[0].deciding, true);
    assert.equal(told.steps.filter((step) => step.deciding).length, 1);
  },
  'words in the languages asked for'() {
    const arabic = asked('https://over-18.examplia.test/', '--age', '12', '--lang', 'ar,en');
    assert.match(arabic.requirement.notice, /للبالغين/);
    const french = asked('https://over-18.examplia.test/', '--age', '12', '--lang', 'fr-CA,en');
    assert.match(french.requirement.notice, /18 ans/);
    const other = asked('https://over-18.examplia.test/', '--age', '12', '--lang', 'tpi');
    assert.match(other.requirement.notice, /for adults/);
  },
  'an appeal opens exactly its host, below a locked domain'() {
    assert.equal(asked('https://museum.notice-17.examplia.test/').action, 'allow');
    assert.equal(asked('https://museum.notice-17.examplia.test/').level, 'authority-appeal');
    assert.equal(asked('https://notice-17.examplia.test/').action, 'block');
    assert.equal(asked('https://a.museum.notice-17.examplia.test/').action, 'block');
    assert.equal(asked('https://museum.notice-17.examplia.test/', '--at', '2026-06-14T12:00:00Z').action, 'block');
  },
  'a lock that an appeal sets aside is said to be'() {
    const [open, locked] = asked('https://museum.notice-17.examplia.test/').steps;
    assert.deepEqual([open.action, open.set_aside, locked.action, locked.deciding], ['allow', null, 'block', false]);
    assert.equal(locked.set_aside.by, 'appeal');
    assert.deepEqual(locked.set_aside.rule, open.rule);
    assert.match(explain('https://museum.notice-17.examplia.test/'), /\n 2\. .*: block\n(.*\n)* +set aside by +an appeal that its own authority upheld: host museum\.notice-17\.examplia\.test\n +written in +\S+\n/);
    assert.doesNotMatch(explain('https://notice-17.examplia.test/'), /set aside/);
  },
  'a court order about one page'() {
    const told = asked('https://photos.shared-host.example/albums/2026-118/p/3');
    assert.equal(told.action, 'block');
    assert.equal(told.rule.kind, 'url');
    assert.equal(told.requirement.http_status, 451);
    assert.equal(asked('https://photos.shared-host.example/albums/').action, 'allow');
  },
  'a template, in full or in short'() {
    for (const name of ['household-child', 'cop:template:household-child']) {
      const told = asked('https://games.example/', '--age', '8', '--template', name);
      assert.equal(told.action, 'allow');
      assert.deepEqual(told.categories, ['media.games']);
      assert.equal(asked('https://social.example/', '--age', '8', '--template', name).level, 'template');
    }
    const early = asked('https://library.example/', '--age', '5', '--template', 'household-early');
    assert.equal(early.action, 'block');
    assert.equal(early.level, 'allow-only');
    assert.equal(asked('https://encyclopedia.example/', '--age', '5', '--template', 'household-early').action, 'allow');
    assert.equal(asked('https://helpline.example/', '--age', '5', '--template', 'household-early').level, 'protected');
  },
  'helplines are never looked into'() {
    assert.equal(asked('https://helpline.example/').never_inspected, true);
    assert.equal(asked('https://casino.example/').never_inspected, false);
    assert.match(explain('https://clinic.example/'), /never looked into/);
  },
  'the address of the server, its country and its network'() {
    const addresses = join(folder, 'addresses.cop');
    const built = copc(['build', join(source, 'tests/support/addresses'), '-o', addresses]);
    assert.equal(built.code, 0, built.err);
    const databases = ['--countries', join(source, 'tests/support/databases/country-24.mmdb'), '--networks', join(source, 'tests/support/databases/as-24.mmdb')];
    const at = (address, ...words) => copc(['explain', addresses, '--age', '9', '--address', address, ...words, 'http://a.example/']);
    const json = (...words) => JSON.parse(at(...words, '--json').out);
    assert.deepEqual(json('192.0.2.7', ...databases).server, { address: '192.0.2.7', country: 'XA', as: 64496 });
    assert.equal(json('192.0.2.7', ...databases).rule.kind, 'as');
    assert.equal(json('192.0.2.7', ...databases.slice(0, 2)).rule.kind, 'country');
    assert.equal(json('192.0.2.7').rule.kind, 'network');
    assert.deepEqual(json('2001:db8:1::1', ...databases).server, { address: '2001:db8:1::1', country: 'XC', as: 4200000000 });
    assert.equal(json('10.0.0.1').server.country, null);
    assert.match(at('192.0.2.7', ...databases).out, /server: 192\.0\.2\.7, XA, AS64496/);
    assert.equal(at('a.example').code, 2);
    assert.equal(copc(['explain', addresses, ...databases, 'http://a.example/']).code, 2);
    const damaged = at('192.0.2.7', '--countries', join(source, 'tests/bad/databases/truncated.mmdb'));
    assert.equal(damaged.code, 65);
    assert.match(damaged.err, /cannot be used as a database/);
    const decided = copc(['decide', addresses, '--address', '192.0.2.7'], { input: 'http://a.example/\n' });
    assert.match(decided.out, /^block\t.*network:192\.0\.2\.0\/24/);
  },
  'nothing spoke'() {
    const told = asked('https://library.example/');
    assert.equal(told.action, 'allow');
    assert.equal(told.level, 'none');
    assert.equal(told.requirement, null);
    assert.equal(told.rule, null);
    assert.match(explain('https://library.example/'), /^ALLOWED {2}/);
  },
  'a name alone, and spellings of one'() {
    assert.equal(asked('casino.example').url, 'https://casino.example/');
    assert.equal(asked('HTTPS://user@CASINO.example:443/a/../%7Eb#c').url, 'https://casino.example/~b');
  },
  'the exit code answers, if asked'() {
    const run = (url) => copc(['explain', bundle, ...at, '--age', '9', '--exit-code', url]).code;
    assert.equal(run('https://canary-csam.examplia.test/'), 1);
    assert.equal(run('https://library.example/'), 0);
  },
  'subjects that are none'() {
    const fails = (code, text, ...words) => {
      const ran = copc(['explain', bundle, ...words, 'https://casino.example/']);
      assert.equal(ran.code, code, ran.err);
      assert.equal(ran.out, '');
      assert.match(ran.err, text);
    };
    fails(2, /no age/, '--age', '121');
    fails(2, /no age/, '--age', '-1');
    fails(2, /no age/, '--age', '1e1');
    fails(2, /no subscriber class/, '--subscriber', 'pupil');
    fails(2, /is no time/, '--at', 'noon');
    fails(78, /template household-chidl/, '--template', 'household-chidl');
    fails(78, /no profile ada/, '--profile', 'ada');
    fails(2, /already says who/, '--profile', 'ada', '--age', '9');
  },
  'what is no URL'() {
    for (const url of ['', 'ftp://casino.example/', 'https://', 'https://a b/', `https://${'a'.repeat(300)}/`]) {
      const ran = copc(['explain', bundle, '--', url]);
      assert.equal(ran.code, 65, url);
      assert.match(ran.err, /no URL/);
    }
  },
});
