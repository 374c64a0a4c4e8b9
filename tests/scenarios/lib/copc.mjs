// Running copc and judging what it said.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, source } from './scenario.mjs';

export { build, source };
export const packs = join(source, 'rules/packs');
export const program = join(build, 'tools/copc');

// A folder of our own that goes away with us.
export const folder = mkdtempSync(join(tmpdir(), 'copc-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// Run copc; { input, cwd, env } are optional.
export function copc(words, { input = '', cwd = folder, env = {} } = {}) {
  const ran = spawnSync(program, words, {
    input,
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120000,
  });
  if (ran.error) throw ran.error;
  if (ran.signal) throw new Error(`copc ${words.join(' ')}: ${ran.signal}\n${ran.stderr}`);
  if (/Sanitizer|runtime error:/.test(ran.stderr)) throw new Error(ran.stderr);
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

// The shipped packs as a bundle, once a process.
let starter = null;
export function starterBundle() {
  if (starter === null) {
    const path = join(folder, 'starter.cop');
    const ran = copc(['build', packs, '-o', path]);
    if (ran.code !== 0) throw new Error(`the shipped packs do not build:\n${ran.err}`);
    starter = path;
  }
  return starter;
}

// Run each function of an object as a test and end with how it went.
export async function scenario(tests) {
  let failed = 0;
  for (const [name, run] of Object.entries(tests)) {
    try {
      await run();
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}\n${error.stack}`);
    }
  }
  process.exit(failed === 0 ? 0 : 1);
}
