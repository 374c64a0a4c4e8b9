// The origin: nginx over TLS and in clear, one server block per certificate.
import { connect } from 'node:net';

import { freePort, keep } from './process.mjs';
import { until } from './scenario.mjs';

const answers = (port) => new Promise((done) => {
  const socket = connect(port, '127.0.0.1');
  socket.on('connect', () => { socket.destroy(); done(true); });
  socket.on('error', () => done(false));
});

// servers: [{names: [...], certificate: {key, certificate}, isLax}]; the first is
// the default; isLax lets a server have a key that is too weak. Every server answers:
//   /            a small page naming the host
//   /big         1 MiB of known bytes
//   /echo        the request's method, target and fields
//   /status/NNN  that status
// isHttp2: it speaks HTTP/2 over TLS too.
export async function startOrigin(place, servers, { isHttp2 = false } = {}) {
  const httpPort = await freePort();
  const tlsPort = await freePort();
  place.file('origin/docs/index.html', '<!doctype html><html lang="en"><title>origin</title><h1>The origin\'s page</h1>');
  place.file('origin/docs/big', Buffer.alloc(1024 * 1024, 'copgate '));
  const locations = `
    root ${place.path('origin/docs')};
    location = /echo { default_type text/plain; return 200 "$request_method $request_uri\\nhost: $host\\nvia: $http_via\\nte: $http_te\\nconnection: $http_connection\\nproxy: $http_proxy_connection$http_proxy_authorization\\nlength: $content_length\\n"; }
    location ~ ^/status/(?<code>\\d+)$ { return 404; }
    location = /status/204 { return 204; }
    location = /status/302 { return 302 /; }
    location = /status/500 { return 500; }
    location / { try_files $uri $uri/index.html /index.html; }`;
  const blocks = servers.map((server, i) => `
  server {
    listen 127.0.0.1:${tlsPort} ssl ${isHttp2 ? 'http2' : ''} ${i === 0 ? 'default_server' : ''};
    server_name ${server.names.join(' ')};
    ssl_certificate ${server.certificate.certificate};
    ssl_certificate_key ${server.certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ${server.isLax ? 'ssl_ciphers DEFAULT:@SECLEVEL=0;' : ''}
    ${locations}
  }`);
  const config = place.file('origin/nginx.conf', `
daemon off;
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${place.path('origin/nginx.pid')};
error_log ${place.path('origin/error.log')} info;
events { worker_connections 1024; }
http {
  access_log ${place.path('origin/access.log')};
  default_type text/html;
  client_body_temp_path ${place.path('origin/t1')};
  proxy_temp_path ${place.path('origin/t2')};
  fastcgi_temp_path ${place.path('origin/t3')};
  uwsgi_temp_path ${place.path('origin/t4')};
  scgi_temp_path ${place.path('origin/t5')};
  server {
    listen 127.0.0.1:${httpPort} default_server;
    ${locations}
  }
  ${blocks.join('\n')}
}
`);
  const nginx = keep(place, '/usr/sbin/nginx', ['-p', place.path('origin'), '-e', place.path('origin/start.log'), '-c', config]);
  await until('nginx to listen', async () => {
    if (nginx.code !== null) throw new Error(`nginx ended: ${nginx.err}`);
    return await answers(httpPort) && await answers(tlsPort);
  });
  return { httpPort, tlsPort, process: nginx, accessLog: place.path('origin/access.log') };
}
