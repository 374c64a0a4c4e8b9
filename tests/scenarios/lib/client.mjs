// Clients: curl as people use it, and raw bytes as nobody should.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { run } from './process.mjs';

// curl through the gateway. Returns {code, status, headers, body}; `code` is
// curl's own exit code.
export async function curl(url, { proxy, cacert, args = [], input, via = [] } = {}) {
  const [command, ...before] = [...via, 'curl'];
  const result = await run(command, [
    ...before,
    '--silent', '--show-error', '--include', '--max-time', '25', '--noproxy', '',
    ...(proxy ? ['--proxy', proxy, '--suppress-connect-headers'] : []),
    ...(cacert ? ['--cacert', cacert] : []),
    ...args, url,
  ], { input });
  // With 100-continue and the like there is more than one head; the last counts.
  let rest = result.out;
  let head = '';
  while (/^HTTP\/[\d.]+ \d{3}/.test(rest)) {
    const end = rest.indexOf('\r\n\r\n');
    head = rest.slice(0, end);
    rest = rest.slice(end + 4);
    if (!/^HTTP\/[\d.]+ 1\d\d/.test(head)) break;
  }
  const headers = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { code: result.code, err: result.err, status: Number(/^HTTP\/[\d.]+ (\d{3})/.exec(head)?.[1] ?? 0), headers, body: rest };
}

// Send bytes (a string, or a list of strings with pauses between) and return
// all that comes back until the other side closes or `quietMs` pass in silence;
// once it is enough(), 60 ms of silence will do.
export function raw(port, bytes, { quietMs = 3000, end = false, pauseMs = 30, enough = () => false } = {}) {
  return new Promise((done) => {
    const pieces = Array.isArray(bytes) ? bytes : [bytes];
    const socket = connect(port, '127.0.0.1');
    const got = [];
    const finish = (how) => { socket.destroy(); done({ how, text: Buffer.concat(got).toString('latin1') }); };
    socket.setTimeout(quietMs, () => finish('quiet'));
    socket.on('data', (data) => {
      got.push(data);
      if (enough(Buffer.concat(got).toString('latin1'))) socket.setTimeout(60);
    });
    socket.on('error', (error) => finish(error.code));
    socket.on('close', () => finish('closed'));
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(Buffer.from(piece, 'latin1'));
        await new Promise((next) => setTimeout(next, pauseMs));
      }
      if (end && !socket.destroyed) socket.end();
    });
  });
}

// The same inside a tunnel to `target`, over TLS with `tls` ({servername, ca}).
export function rawInside(port, target, tls, bytes, { quietMs = 3000, enough = () => false } = {}) {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    const got = [];
    const finish = (how) => { socket.destroy(); done({ how, text: Buffer.concat(got).toString('latin1') }); };
    socket.on('error', (error) => finish(error.code));
    socket.once('connect', () => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
    socket.once('data', (data) => {
      if (!data.toString().startsWith('HTTP/1.1 200')) { socket.destroy(); failed(new Error(data.toString())); return; }
      const inside = connectTls({ socket, ...tls });
      inside.once('secureConnect', () => inside.write(Buffer.from(bytes, 'latin1')));
      inside.setTimeout(quietMs, () => finish('quiet'));
      inside.on('data', (piece) => {
        got.push(piece);
        if (enough(Buffer.concat(got).toString('latin1'))) inside.setTimeout(60);
      });
      inside.on('error', (error) => finish(error.code));
      inside.on('close', () => finish('closed'));
    });
  });
}
