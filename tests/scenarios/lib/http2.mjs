// HTTP/2 by node on both sides: a client's session through the gateway, and an
// origin that does on request what origins do.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2, constants, createSecureServer } from 'node:http2';
import { request as requestHttp1 } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

export const codes = constants;

// CONNECT, then TLS that offers these protocols; the TLS socket.
export function tunnel(port, target, { ca, servername, protocols = ['h2', 'http/1.1'] }) {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', failed);
    socket.once('connect', () => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
    socket.once('data', (data) => {
      if (!/^HTTP\/1\.1 200/.test(data.toString())) { failed(new Error(data.toString())); return; }
      const inside = connectTls({ socket, ca, servername, ALPNProtocols: protocols });
      inside.once('secureConnect', () => done(inside));
      inside.on('error', failed);
    });
  });
}

// A session of HTTP/2 with a site, through the gateway.
export async function startSession(place, gatewayPort, name, port, ca, options = {}) {
  const socket = await tunnel(gatewayPort, `${name}:${port}`, { ca, servername: name });
  if (socket.alpnProtocol !== 'h2') throw new Error(`agreed on ${socket.alpnProtocol}`);
  const session = connectHttp2(`https://${name}:${port}`, { createConnection: () => socket, ...options });
  session.on('error', () => {});
  place.atEnd(() => session.destroy());
  await new Promise((done, failed) => { session.once('connect', done); session.once('error', failed); });
  return session;
}

// One request and all that comes of it. body: string, Buffer, or a function
// that is given the stream.
export function ask(session, fields, body = null, { pause = false } = {}) {
  return new Promise((done) => {
    const got = { status: 0, headers: {}, infos: [], trailers: null, body: Buffer.alloc(0), rst: 0, error: null };
    const stream = session.request({ ':method': 'GET', ':path': '/', ...fields }, { endStream: body === null });
    const pieces = [];
    stream.on('headers', (headers) => got.infos.push(headers));
    stream.on('response', (headers) => { got.headers = headers; got.status = headers[':status']; });
    stream.on('trailers', (headers) => { got.trailers = headers; });
    if (!pause) stream.on('data', (data) => pieces.push(data));
    stream.on('error', (error) => { got.error = error; });
    // A request that the answer did not wait for goes nowhere.
    stream.on('end', () => { if (!stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL); });
    stream.on('close', () => { got.rst = stream.rstCode; got.body = Buffer.concat(pieces); got.text = got.body.toString(); done(got); });
    got.stream = stream;
    if (typeof body === 'function') body(stream);
    else if (body !== null) stream.end(body);
  });
}

const readAll = (stream) => new Promise((done) => {
  const pieces = [];
  stream.on('data', (data) => pieces.push(data));
  stream.on('error', () => done(null));
  stream.on('end', () => done(Buffer.concat(pieces)));
});

const drained = (response) => new Promise((done) => {
  const end = () => { response.off('drain', end); response.off('close', end); done(); };
  response.on('drain', end);
  response.on('close', end);
});

// What the origin says to a path, over either protocol.
//   /hello /echo /large /slow/N /none /unmodified /trailers /hints /hang /late
//   /reset (before a head) /cut (in the body) /early (answers, reads nothing)
async function answer(origin, request, response) {
  const { pathname } = new URL(request.url, 'https://x.invalid');
  const isH2 = request.httpVersionMajor === 2;
  origin.requests += 1;
  origin.seen.push({ path: request.url, method: request.method, version: request.httpVersion, headers: request.headers });
  const cut = (code) => { if (isH2) response.stream.close(code); else request.socket.destroy(); };
  switch (pathname) {
    case '/echo': {
      const body = await readAll(request);
      origin.bodies.push({ body, trailers: request.trailers });
      if (body === null) return;
      response.writeHead(200, { 'content-type': 'text/plain', 'x-length': request.headers['content-length'] ?? 'none', 'x-coding': request.headers['transfer-encoding'] ?? 'none' });
      response.end(body);
      return;
    }
    case '/large':
      response.writeHead(200, { 'content-type': 'application/octet-stream', ...(isH2 ? {} : { 'content-length': origin.large.length }) });
      origin.sent = 0;
      for (let at = 0; at < origin.large.length; at += 65536) {
        if (response.destroyed || response.stream?.destroyed) return;
        if (!response.write(origin.large.subarray(at, at + 65536))) await drained(response);
        origin.sent = at + 65536;
      }
      response.end();
      return;
    case '/none': response.writeHead(204); response.end(); return;
    case '/unmodified': response.writeHead(304, { etag: '"x"' }); response.end(); return;
    case '/trailers':
      response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
      response.write('message');
      response.addTrailers({ 'grpc-status': '7', 'grpc-message': 'no' });
      response.end();
      return;
    case '/hints':
      if (isH2) response.stream.additionalHeaders({ ':status': 103, link: '</x.css>; rel=preload' });
      else response.writeEarlyHints?.({ link: '</x.css>; rel=preload' });
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end('hinted');
      return;
    case '/hang': origin.hanging.add(response); response.on('close', () => origin.hanging.delete(response)); request.on('aborted', () => origin.hanging.delete(response)); return;
    case '/late': setTimeout(() => { response.writeHead(200); response.end('late'); }, 300); return;
    case '/reset': cut(constants.NGHTTP2_INTERNAL_ERROR); return;
    case '/refuse': if (isH2) { response.stream.close(constants.NGHTTP2_REFUSED_STREAM); return; } response.end('http/1.1 then'); return;
    case '/only1': if (isH2) { response.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED); return; } response.end('http/1.1 then'); return;
    case '/cut':
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('a part of it');
      setTimeout(() => cut(constants.NGHTTP2_CANCEL), 50);
      return;
    case '/early': response.writeHead(413); response.end('too much'); return;
    case '/goaway': response.writeHead(200); response.end('bye'); if (isH2) request.stream.session.close(); else request.socket.end(); return;
    default:
      response.writeHead(200, { 'content-type': 'text/plain', 'x-version': request.httpVersion, ...(request.method === 'HEAD' ? { 'content-length': '5' } : {}) });
      response.end(request.method === 'HEAD' ? undefined : `hello over ${request.httpVersion}`);
  }
}

// speaks: 'h2' or 'http/1.1', and may be changed for connections to come.
export function startOrigin2(place, certificate, { speaks = 'h2', largeBytes = 8 << 20, settings } = {}) {
  const origin = { requests: 0, connections: 0, seen: [], bodies: [], hanging: new Set(), sent: 0, large: Buffer.alloc(largeBytes, 'copgate '), speaks };
  const sockets = new Set();
  const server = createSecureServer({
    key: readFileSync(certificate.key), cert: readFileSync(certificate.certificate), allowHTTP1: true, settings,
    ALPNCallback: ({ protocols }) => (protocols.includes(origin.speaks) ? origin.speaks : undefined),
  });
  server.on('secureConnection', (socket) => { origin.connections += 1; sockets.add(socket); socket.on('close', () => sockets.delete(socket)); socket.on('error', () => {}); });
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  server.on('request', (request, response) => { request.on('error', () => {}); response.on('error', () => {}); request.stream?.on?.('error', () => {}); answer(origin, request, response).catch(() => {}); });
  server.on('checkContinue', (request, response) => { response.writeContinue(); answer(origin, request, response).catch(() => {}); });
  // A WebSocket that says back what it hears, in capitals; over either protocol.
  const shout = (duplex) => { duplex.on('error', () => {}); duplex.write('welcome '); duplex.on('data', (data) => duplex.write(data.toString().toUpperCase())); duplex.on('end', () => duplex.end()); };
  server.on('connect', (request, response) => {
    origin.seen.push({ path: request.url, method: request.method, version: request.httpVersion, headers: request.headers });
    if (request.url === '/denied') { response.writeHead(403); response.end('no'); return; }
    response.writeHead(200);
    shout(response.stream);
  });
  server.on('upgrade', (request, socket) => {
    origin.seen.push({ path: request.url, method: request.method, version: request.httpVersion, headers: request.headers });
    if (request.url === '/denied') { socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'); return; }
    const proof = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${request.url === '/liar' ? 'AAAA' : proof}\r\n\r\n`);
    shout(socket);
  });
  origin.server = server;
  origin.dropAll = () => { for (const socket of sockets) socket.destroy(); };
  place.atEnd(() => new Promise((done) => { origin.dropAll(); server.close(() => done()); setTimeout(done, 500); }));
  return new Promise((ready, failed) => {
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => { origin.port = server.address().port; ready(origin); });
  });
}

// The same for one request of HTTP/1.1 on a connection of its own, through the
// gateway; what comes of it has the same members as ask()'s.
export async function askHttp1(gatewayPort, name, port, ca, fields, body = null) {
  const socket = await tunnel(gatewayPort, `${name}:${port}`, { ca, servername: name, protocols: ['http/1.1'] });
  return new Promise((done) => {
    const got = { status: 0, headers: {}, infos: [], trailers: null, body: Buffer.alloc(0), rst: 0, error: null };
    const { ':method': method = 'GET', ':path': path = '/', ...headers } = fields;
    const pieces = [];
    const end = () => { got.body = Buffer.concat(pieces); got.text = got.body.toString(); socket.destroy(); done(got); };
    const request = requestHttp1({ method, path, headers: { host: `${name}:${port}`, ...headers }, createConnection: () => socket });
    request.on('information', (info) => got.infos.push({ ':status': info.statusCode, ...info.headers }));
    request.on('error', (error) => { got.error = error; got.rst = 1; end(); });
    request.on('response', (response) => {
      got.status = response.statusCode;
      got.headers = response.headers;
      response.on('data', (data) => pieces.push(data));
      response.on('error', (error) => { got.error = error; got.rst = 1; });
      response.on('close', () => { if (Object.keys(response.trailers).length > 0) got.trailers = response.trailers; end(); });
    });
    got.request = request;
    if (typeof body === 'function') body(request);
    else request.end(body ?? undefined);
  });
}
