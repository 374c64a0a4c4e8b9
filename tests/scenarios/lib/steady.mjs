// Clients that ask and ask, over connections that they keep, and count what
// fails. A connection that is closed while nothing is asked is opened again, as
// browsers do; one that is closed under a request is a failure.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { sleep } from './scenario.mjs';

// Bytes of a socket, by head and body.
class Line {
  constructor(socket) {
    this.socket = socket;
    this.got = Buffer.alloc(0);
    this.wake = () => {};
    socket.on('data', (data) => { this.got = Buffer.concat([this.got, data]); this.wake(); });
    socket.on('error', (error) => { this.error = error; });
    socket.on('end', () => { this.isOver = true; this.wake(); });
    socket.on('close', () => { this.isOver = true; this.wake(); });
  }

  async more(what) {
    if (this.isOver) throw new Error(`closed before ${what}${this.error ? `: ${this.error.code}` : ''}`);
    let patience;
    await new Promise((done, failed) => {
      patience = setTimeout(() => failed(new Error(`waited in vain for ${what}`)), 15_000);
      this.wake = done;
    });
    clearTimeout(patience);
  }

  // The head of an answer, and `length` more bytes as it says.
  async answer(what) {
    let end;
    while ((end = this.got.indexOf('\r\n\r\n')) < 0) await this.more(what);
    const head = this.got.subarray(0, end).toString('latin1');
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    while (this.got.length < end + 4 + length) await this.more(`the rest of ${what}`);
    this.got = this.got.subarray(end + 4 + length);
    return { status: Number(head.slice(9, 12)), isLast: /^connection: close/im.test(head) };
  }
}

async function open(target) {
  const plain = connect(target.proxyPort, '127.0.0.1');
  await new Promise((done, failed) => { plain.on('connect', done); plain.on('error', failed); });
  plain.setNoDelay(true);
  if (!target.ca) return new Line(plain);
  const line = new Line(plain);
  plain.write(`CONNECT ${target.name}:${target.port} HTTP/1.1\r\nHost: ${target.name}:${target.port}\r\n\r\n`);
  const { status } = await line.answer('the answer to CONNECT');
  if (status !== 200) throw new Error(`CONNECT: ${status}`);
  plain.removeAllListeners('data');
  const secure = connectTls({ socket: plain, servername: target.name, ca: target.ca });
  await new Promise((done, failed) => { secure.on('secureConnect', done); secure.on('error', failed); secure.on('close', () => failed(new Error('closed in the handshake'))); });
  return new Line(secure);
}

// Ask until load.stop. target: {proxyPort, name, port, ca (over TLS)}; at most
// `requests` a connection, at least `pauseMs` between two.
async function client(load, target, { requests = Infinity, pauseMs = 5 } = {}) {
  while (!load.stop) {
    let line;
    try {
      line = await open(target);
      load.opened += 1;
      for (let i = 0; i < requests && !load.stop && !line.isOver; i += 1) {
        const at = target.ca ? '/echo' : `http://${target.name}:${target.port}/echo`;
        line.socket.write(`GET ${at} HTTP/1.1\r\nHost: ${target.name}:${target.port}\r\n\r\n`);
        const { status, isLast } = await line.answer('the answer');
        if (status !== 200) throw new Error(`status ${status}`);
        load.done += 1;
        if (isLast) break;
        await sleep(pauseMs);
      }
    } catch (error) {
      load.failures.push(`${target.what}: ${error.message}`);
    }
    line?.socket.destroy();
  }
}

// Start clients: [[target, options], ...]. Returns {done, opened, failures,
// end()}.
export function startLoad(clients) {
  const load = { stop: false, done: 0, opened: 0, failures: [] };
  const running = clients.map(([target, options]) => client(load, target, options));
  load.end = async () => { load.stop = true; await Promise.all(running); return load; };
  return load;
}
