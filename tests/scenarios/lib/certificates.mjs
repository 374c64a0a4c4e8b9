// Certificates for test origins, good and bad, made by openssl on the spot.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './process.mjs';

async function openssl(...args) {
  const result = await run('openssl', args);
  if (result.code !== 0) throw new Error(`openssl ${args.join(' ')}: ${result.err}`);
  return result.out;
}

async function makeKey(path, kind) {
  if (kind === 'rsa1024') await openssl('genrsa', '-out', path, '1024');
  else await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path);
}

// An authority of the origin's side, valid for some days.
export async function makeAuthority(place, name) {
  const folder = place.path(`ca-${name}`);
  place.file(`ca-${name}/ext.cnf`, '');
  const key = join(folder, 'ca.key');
  const certificate = join(folder, 'ca.crt');
  await makeKey(key);
  await openssl('req', '-x509', '-new', '-key', key, '-out', certificate, '-days', '30', '-sha256',
    '-subj', `/CN=${name}`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  return { name, folder, key, certificate };
}

// A server certificate. from/to are days from now; issuer null signs itself.
export async function makeCertificate(place, { name, names, issuer, from = -1, to = 20, key: kind, digest = 'sha256' }) {
  const base = place.path(`cert-${name}`);
  const key = `${base}.key`;
  const certificate = `${base}.crt`;
  const alternatives = names.map((n, i) => (/^[\d.]+$/.test(n) ? `IP.${i + 1}=${n}` : `DNS.${i + 1}=${n}`)).join('\n');
  const config = place.file(`cert-${name}.cnf`, `
[ca]
default_ca = here
[here]
new_certs_dir = ${place.folder}
database = ${base}.index
serial = ${base}.serial
default_md = ${digest}
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = @names
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[names]
${alternatives}
`);
  writeFileSync(`${base}.index`, '');
  writeFileSync(`${base}.serial`, `${Math.floor(Math.random() * 2 ** 40).toString(16).padStart(12, '1')}\n`);
  await makeKey(key, kind);
  await openssl('req', '-new', '-key', key, '-out', `${base}.csr`, '-subj', `/CN=${names[0]}`);
  const stamp = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(2, 14) + 'Z';
  const signer = issuer ? ['-cert', issuer.certificate, '-keyfile', issuer.key] : ['-selfsign', '-keyfile', key];
  await openssl('ca', '-batch', '-notext', '-config', config, '-extensions', 'leaf', ...signer,
    '-startdate', stamp(from), '-enddate', stamp(to), '-in', `${base}.csr`, '-out', certificate);
  return { key, certificate };
}

export const readPem = (path) => readFileSync(path, 'utf8');
