// A household's own file beside the bundles.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, scenario, source, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const policy = join(folder, 'policy.yaml');
writeFileSync(policy, `policy: 1
place: household
timezone: Pacific/Kiritimati
profiles:
  - name: ada
    age: 9
    template: household-child
    allow: [social.example, over-18.examplia.test, canary-csam.examplia.test]
    deny: [library.example, "encyclopedia.example/games", helpline.example]
    closed:
      - {days: [mon, tue], from: "20:30", to: "07:00"}
  - name: ben
    age: 15
    block: [media.games]
    accepts: ["cop:req:XX:licence-condition-12:family-filter"]
grants:
  - {profile: ada, object: casino.example, until: 2026-12-31, by: "a parent", reason: "homework"}
`);

function explained(profile, at, url, ...words) {
  const ran = copc(['explain', bundle, '--policy', policy, '--profile', profile, '--at', at, ...words, '--json', url]);
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out);
}
const noon = '2026-11-25T12:00:00Z'; // a Wednesday

const bad = (name) => join(source, 'tests/bad/cli/policies', name);

await scenario({
  'what is listed at home counts'() {
    assert.equal(explained('ada', noon, 'social.example').level, 'local-allow');
    const library = explained('ada', noon, 'library.example');
    assert.equal(library.action, 'block');
    assert.equal(library.level, 'local-deny');
    assert.equal(library.rule.file, 'policy.yaml');
    assert.equal(library.rule.line, 9);
    assert.equal(explained('ada', noon, 'encyclopedia.example').action, 'allow');
    assert.equal(explained('ben', noon, 'library.example').action, 'allow');
  },
  'but nothing at home weakens a law, nor closes a helpline'() {
    assert.equal(explained('ada', noon, 'over-18.examplia.test').level, 'mandatory');
    assert.equal(explained('ada', noon, 'canary-csam.examplia.test').level, 'locked-entry');
    assert.equal(explained('ada', noon, 'helpline.example').level, 'protected');
    assert.equal(explained('ada', noon, 'https://encyclopedia.example/games/1').level, 'protected');
  },
  'a grant ends'() {
    const held = explained('ada', noon, 'casino.example');
    assert.equal(held.level, 'grant');
    assert.equal(held.until, Date.UTC(2027, 0, 1) / 1000);
    assert.equal(explained('ada', '2027-01-01T00:00:00Z', 'casino.example').action, 'block');
  },
  'hours are those of the wall clock'() {
    const night = explained('ada', '2026-11-23T21:00:00+14:00', 'games.example');
    assert.equal(night.action, 'block');
    assert.equal(night.scheduled, true);
    assert.equal(night.rule, null);
    assert.equal(explained('ada', '2026-11-23T20:00:00+14:00', 'games.example').scheduled, false);
    assert.equal(explained('ada', '2026-11-23T07:00:00Z', 'games.example').scheduled, true, 'as the gateway: by its own clock');
    assert.equal(explained('ada', '2026-11-23T21:00:00Z', 'games.example').scheduled, false);
    assert.equal(explained('ada', '2026-11-23T21:00:00+14:00', 'social.example').level, 'closed-hours');
    assert.equal(explained('ada', '2026-11-24T06:59:59+14:00', 'games.example').scheduled, true);
    assert.equal(explained('ada', '2026-11-24T07:00:00+14:00', 'games.example').scheduled, false);
    const text = copc(['explain', bundle, '--policy', policy, '-p', 'ada', '--at', '2026-11-23T21:00:00+14:00', 'games.example']).out;
    assert.match(text, /^BLOCKED/);
    assert.match(text, /hours +the profile is closed at this time/);
  },
  'an offer that was accepted'() {
    const told = explained('ben', noon, 'meet.examplia.test');
    assert.equal(told.action, 'block');
    assert.equal(told.requirement.id, 'cop:req:XX:licence-condition-12:family-filter');
    assert.equal(explained('ben', noon, 'games.example').level, 'local-deny');
  },
  'the only profile need not be named, one of several must be'() {
    const several = copc(['decide', bundle, '--policy', policy], { input: 'library.example\n' });
    assert.equal(several.code, 2);
    assert.equal(several.out, '');
    assert.match(several.err, /one of: ada, ben/);
    const one = join(folder, 'one.yaml');
    writeFileSync(one, 'policy: 1\nplace: household\nprofiles:\n  - {name: ada, age: 9, deny: [library.example]}\n');
    assert.match(copc(['decide', bundle, '--policy', one], { input: 'library.example\n' }).out, /^block/);
    assert.match(copc(['explain', bundle, '--policy', one, 'library.example']).out, /for: profile ada\n/);
    assert.match(copc(['decide', bundle, '--policy', one, '--age', '9'], { input: 'library.example\n' }).out, /^allow/);
  },
  'decide takes the same'() {
    const ran = copc(['decide', bundle, '--policy', policy, '--profile', 'ada', '--at', noon], { input: 'library.example\ncasino.example\nsocial.example\n' });
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.out, 'block\t-\t-\tdomain:library.example\nallow\tgambling.real_money\t-\tdomain:casino.example\nallow\tcomm.social\t-\tdomain:social.example\n');
  },
  'a profile that is not there is never permissive'() {
    for (const command of [['explain', bundle, '--policy', policy, '--profile', 'eve', 'casino.example'], ['decide', bundle, '--policy', policy, '--profile', 'eve']]) {
      const ran = copc(command, { input: 'library.example\n' });
      assert.equal(ran.code, 78);
      assert.equal(ran.out, '');
      assert.match(ran.err, /no profile eve/);
      assert.match(ran.err, /one of: ada, ben/);
    }
  },
  'a policy file with a flaw is bad configuration'() {
    const flaws = [
      ['unknown-key.yaml', /:4:\d+: error: .*tempalte/],
      ['unknown-template.yaml', /household-chidl/],
      ['unknown-offer.yaml', /cop:req:XX:no:such/],
      ['twice.yaml', /:5:\d+: error: .*ada/],
      ['object.yaml', /:6:\d+: error: .*not a host/],
      ['grant.yaml', /:6:\d+: error: .*eve/],
      ['hours.yaml', /:7:\d+: error: .*25:00/],
      ['zone.yaml', /no time zone Europe\/Berln/],
      ['malformed.yaml', /\[yaml\]/],
      ['absent.yaml', /absent\.yaml/],
    ];
    for (const [name, text] of flaws) {
      const ran = copc(['decide', bundle, '--policy', bad(name), '--profile', 'ada'], { input: 'casino.example\n' });
      assert.equal(ran.code, 78, `${name}: ${ran.err}`);
      assert.equal(ran.out, '');
      assert.match(ran.err, text);
    }
  },
});
