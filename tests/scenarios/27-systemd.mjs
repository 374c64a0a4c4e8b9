// The unit file for systemd: well-formed, tight, and permitting what copgate
// needs. Where systemd's tools are missing there is nothing to ask.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { copgatePath } from './lib/gateway.mjs';
import { run } from './lib/process.mjs';
import { build, scenario, source } from './lib/scenario.mjs';

const unit = `${build}/deploy/copgate.service`;
// Of 100; what is left over is the network and PCRE2's compiler.
const EXPOSURE_MOST = 15;

// What the parent asks of the kernel besides what its children do.
const parentCalls = ['bind', 'capget', 'capset', 'close_range', 'execve', 'fork', 'clone', 'clone3', 'fstat', 'kill', 'landlock_add_rule', 'landlock_create_ruleset', 'landlock_restrict_self', 'listen', 'memfd_create', 'openat', 'pidfd_open', 'prctl', 'prlimit64', 'readlink', 'recvmsg', 'seccomp', 'sendmsg', 'signalfd4', 'socketpair', 'wait4'];

const syscallSet = async (name) => (await run('systemd-analyze', ['--no-pager', 'syscall-filter', name])).out.split('\n').slice(1).map((line) => line.trim()).filter((word) => word !== '' && !word.startsWith('#'));

async function members(word) {
  if (!word.startsWith('@')) return [word];
  const lists = await Promise.all((await syscallSet(word)).map(members));
  return lists.flat();
}

// systemd.exec(5): the first line permits, "~" takes away, later lines add.
async function permitted(text) {
  const calls = new Set(await members('@default'));
  for (const [, not, words] of text.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const word of words.split(/\s+/)) {
      for (const call of await members(word)) {
        if (not) calls.delete(call); else calls.add(call);
      }
    }
  }
  return calls;
}

scenario('systemd', async (place) => {
  const text = readFileSync(unit, 'utf8');
  const value = (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

  await place.step('it starts what is installed, reloads with HUP and lets it drain', async () => {
    assert.match(value('ExecStart'), /\/sbin\/copgate -c \/etc\/copgate\/copgate\.yaml$/);
    assert.equal(value('ExecReload'), '/bin/kill -HUP $MAINPID');
    assert.equal(value('Type'), 'notify');
    assert.equal(value('KillMode'), 'mixed');
    const drainMs = Number(/drain_ms, \d+, \d+, (\d+)/.exec(readFileSync(`${source}/gateway/config/limits.tbl`, 'utf8'))[1]);
    assert.ok(Number(value('TimeoutStopSec')) * 1000 > drainMs + 5000, 'killed before it has drained');
  });
  if ((await run('systemd-analyze', ['--version']).catch(() => ({ code: 127 }))).code !== 0) return;

  await place.step('systemd understands every line', async () => {
    mkdirSync(place.path('units'));
    const copy = place.path('units/copgate.service');
    writeFileSync(copy, text.replace(/^ExecStart=\S+/m, `ExecStart=${copgatePath}`).replace(/^Documentation=.*\n/m, ''));
    const verified = await run('systemd-analyze', ['--no-pager', '--man=no', 'verify', copy]);
    assert.equal(verified.out + verified.err, '');
    assert.equal(verified.code, 0);
  });
  await place.step(`its exposure is ${EXPOSURE_MOST / 10} of 10 at most`, async () => {
    const asked = await run('systemd-analyze', ['--no-pager', 'security', '--offline=true', `--threshold=${EXPOSURE_MOST}`, unit]);
    assert.match(asked.out, /Overall exposure level/);
    assert.equal(asked.code, 0, asked.out.split('\n').filter((line) => !line.startsWith('✓')).join('\n'));
  });
  await place.step('what workers, keyd and the parent ask of the kernel is permitted', async () => {
    const calls = await permitted(text);
    const table = [...readFileSync(`${source}/gateway/proc/sandbox.tbl`, 'utf8').matchAll(/^SANDBOX_CALL\((\w+),/gm)].map((m) => m[1]);
    assert.ok(table.length > 40 && calls.size > 100);
    assert.deepEqual([...table, ...parentCalls].filter((call) => !calls.has(call)), []);
    assert.ok(!calls.has('mount') && !calls.has('setuid') && !calls.has('ptrace') && !calls.has('bpf'));
  });
  await place.step('users are made by systemd-sysusers', async () => {
    const file = `${source}/deploy/systemd/copgate.sysusers`;
    assert.ok(existsSync(file));
    const dry = await run('systemd-sysusers', ['--dry-run', file]).catch(() => ({ code: 127 }));
    if (dry.code !== 127) assert.equal(dry.code, 0, dry.err);
  });
});
