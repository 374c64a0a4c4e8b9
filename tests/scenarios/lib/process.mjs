// Programs: run to their end, or kept running and stopped by their pid.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

// Run to the end. Never throws for an exit code; returns it.
export function run(command, args, { input, env, cwd, timeoutMs = 60_000 } = {}) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    const out = [];
    const err = [];
    const patience = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.stdout.on('data', (data) => out.push(data));
    child.stderr.on('data', (data) => err.push(data));
    child.on('error', failed);
    child.on('close', (code, signal) => {
      clearTimeout(patience);
      done({ code, signal, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

// Keep running; the scenario stops it at its end.
export function keep(place, command, args, { env, cwd } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const kept = { child, pid: child.pid, out: '', err: '', code: null, signal: null };
  child.stdout.on('data', (data) => { kept.out += data; });
  child.stderr.on('data', (data) => { kept.err += data; });
  kept.ended = new Promise((done) => {
    child.on('error', (error) => { kept.err += String(error); kept.code = 127; done(); });
    child.on('close', (code, signal) => { kept.code = code; kept.signal = signal; done(); });
  });
  kept.stop = async (signal = 'SIGTERM', patienceMs = 30_000) => {
    if (kept.code === null && kept.signal === null) {
      child.kill(signal);
      const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await kept.ended;
      clearTimeout(patience);
    }
    return kept;
  };
  place.atEnd(() => kept.stop());
  return kept;
}

// A port that was free a moment ago on the loopback address.
export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
