// Origins that no web server can be configured to be: each connection is
// handled by a function. Plain TCP, or TLS with a certificate.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

// handle(socket): called for each connection. Returns {port, counts}. Unless a
// place to listen is named, it is a free port of 127.0.0.1.
export function startOdd(place, handle, certificate = null, { host = '127.0.0.1', port = 0 } = {}) {
  const sockets = new Set();
  const counts = { connections: 0 };
  const accept = (socket) => {
    counts.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    handle(socket);
  };
  const server = certificate
    ? createTlsServer({ key: readFileSync(certificate.key), cert: readFileSync(certificate.certificate), ALPNProtocols: ['http/1.1'] }, accept)
    : createServer(accept);
  server.on('tlsClientError', () => {});
  place.atEnd(() => new Promise((done) => {
    for (const socket of sockets) socket.destroy();
    server.close(done);
  }));
  return new Promise((ready, failed) => {
    server.on('error', failed);
    server.listen(port, host, () => ready({ port: server.address().port, counts }));
  });
}

// Calls back with each whole request head (text) that arrives on a socket; the
// bytes behind it stay readable through the returned `rest`.
export function onHead(socket, work) {
  let got = '';
  const listen = (data) => {
    got += data.toString('latin1');
    let end;
    while ((end = got.indexOf('\r\n\r\n')) >= 0) {
      const head = got.slice(0, end + 4);
      got = got.slice(end + 4);
      work(head, () => { const rest = got; got = ''; return rest; });
    }
  };
  socket.on('data', listen);
  return () => socket.off('data', listen);
}
