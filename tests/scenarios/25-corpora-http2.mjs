// The corpus of requests in HTTP/2, inside decrypted connections, to a server of
// HTTP/1.1: what is malformed never reaches it, whatever it would be there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { block, cases, frame, framesOf, opening } from './lib/frames.mjs';
import { startRecorder } from './lib/recorder.mjs';
import { scenario, until } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const HEADERS = 1;
const RST_STREAM = 3;
const GOAWAY = 7;

// A session by hand: write(bytes), frames(), isOver().
function startByHand(port, target, tls) {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', failed);
    socket.once('connect', () => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
    socket.once('data', () => {
      const inside = connectTls({ socket, ALPNProtocols: ['h2'], ...tls });
      const hand = { got: Buffer.alloc(0), isOver: false };
      hand.write = (bytes) => inside.write(bytes);
      hand.frames = () => framesOf(hand.got);
      hand.end = () => socket.destroy();
      inside.on('data', (data) => { hand.got = Buffer.concat([hand.got, data]); });
      inside.on('error', () => { hand.isOver = true; });
      inside.on('close', () => { hand.isOver = true; });
      inside.once('secureConnect', () => {
        assert.equal(inside.alpnProtocol, 'h2');
        inside.write(opening);
        done(hand);
      });
    });
  });
}

scenario('corpora-http2', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all', http2: 'always', limits: { idle_ms: 2000, response_ms: 2000 } } });
  const recorder = await startRecorder(place, u.certificate);
  await u.gateway.reload({ tlsPort: `${u.origin.tlsPort}, ${recorder.port}` });
  const site = `${names.allowed}:${recorder.port}`;
  const tls = { servername: names.allowed, ca: readFileSync(u.ca.certificate, 'utf8') };
  const open = () => startByHand(u.gateway.port, site, tls);
  const good = [[':method', 'GET'], [':scheme', 'https'], [':authority', site], [':path', '/good']];
  const answersTo = (hand, stream) => hand.frames().filter((f) => f.stream === stream && (f.type === HEADERS || f.type === RST_STREAM));

  // The case on stream 1; then a good request on stream 3, which is answered.
  async function play(sample) {
    const hand = await open();
    const mark = recorder.mark();
    const isLast = sample.follow === 'LAST' ? 1 : 0;
    hand.write(frame(HEADERS, 4 | isLast, 1, block(sample.fields)));
    if (sample.follow === 'BODY') hand.write(frame(0, 1, 1, 'ab'));
    hand.write(frame(HEADERS, 5, 3, block(good)));
    await until('the answers', () => hand.isOver || (answersTo(hand, 3).length > 0 && (answersTo(hand, 1).length > 0 || sample.follow === 'OPEN')), 5000);
    const seen = recorder.since(mark);
    hand.end();
    assert.deepEqual(seen.wrong, []);
    assert.ok(!hand.isOver && !hand.frames().some((f) => f.type === GOAWAY), 'the connection ended');
    const others = seen.requests.filter((r) => r.first !== 'GET /good HTTP/1.1');
    if (sample.outcome === 'ACCEPTED') return others.length;
    assert.deepEqual(others, []);
    assert.equal(seen.requests.length, 1);
    return 0;
  }

  for (const outcome of ['ACCEPTED', 'RESET']) {
    const group = cases('requests.tbl', site).filter((c) => c.outcome === outcome);
    await place.step(`${outcome}: ${group.length} cases`, async () => {
      const wrong = [];
      let arrived = 0;
      for (const sample of group) {
        try {
          arrived += await play(sample);
        } catch (error) {
          wrong.push(`${sample.text}: ${error.message.slice(0, 200)}`);
        }
      }
      assert.deepEqual(wrong, []);
      assert.ok(outcome === 'RESET' ? group.length > 80 && arrived === 0 : arrived > 8, `${group.length} cases, ${arrived} arrived`);
    });
  }
  await place.step('another name in a request: answered 421, and the next is served', async () => {
    for (const authority of [names.blocked, `${names.blocked}:${recorder.port}`, `www.${site}`, names.allowed]) {
      const hand = await open();
      const mark = recorder.mark();
      hand.write(frame(HEADERS, 5, 1, block([[':method', 'GET'], [':scheme', 'https'], [':authority', authority], [':path', '/']])));
      hand.write(frame(HEADERS, 5, 3, block(good)));
      await until('the answers', () => answersTo(hand, 3).length > 0 && answersTo(hand, 1).length > 0, 5000);
      hand.end();
      assert.deepEqual(recorder.since(mark).requests.map((r) => r.first), ['GET /good HTTP/1.1'], authority);
    }
  });
  await place.step('all that ever reached the server is clean', () => {
    assert.deepEqual(recorder.wrong(), []);
    assert.ok(!u.gateway.lines().some((l) => l.reason === 'internal'));
  });
});
