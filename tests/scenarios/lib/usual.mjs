// The usual setting of a scenario: origin, CA, bundle of the shipped packs, a
// household with a child and an adult, and the gateway in front.
import { readFileSync } from 'node:fs';

import { makeAuthority, makeCertificate } from './certificates.mjs';
import { makeBundle, makeCa, policyText, startGateway } from './gateway.mjs';
import { startOrigin } from './origin.mjs';

// Names of the packs: in no list; blocked for the child; protected, so never
// looked into.
export const names = {
  allowed: 'library.example',
  blocked: 'casino.example',
  illegal: 'illegal-csam.canary.test',
  neverInspected: 'helpline.example',
};

export const child = '{name: child, age: 9, subscriber: residential, template: household-child}';
export const adult = '{name: adult, age: 40, subscriber: residential, template: household-adult}';

export async function usual(place, options = {}) {
  const authority = await makeAuthority(place, 'origin');
  const certificate = await makeCertificate(place, { name: 'good', names: [...Object.values(names), ...(options.names ?? [])], issuer: authority });
  const origin = await startOrigin(place, [{ names: ['_'], certificate }, ...(await (options.servers?.(authority) ?? []))], { isHttp2: options.isHttp2 ?? true });
  const bundle = options.bundle ?? await makeBundle(place);
  const ca = await makeCa(place);
  const policy = place.file('policy.yaml', options.policy ?? policyText([child, adult]));
  const hosts = Object.fromEntries([...Object.values(names), ...(options.names ?? [])].map((n) => [n, '127.0.0.1']));
  const settings = {
    bundles: [bundle], policy, ca, trust: authority.certificate, hosts,
    tlsPort: origin.tlsPort, httpPort: origin.httpPort, profile: 'child', ...options.gateway,
  };
  const gateway = await startGateway(place, settings);
  const trustBoth = place.file('trust-both.pem', readFileSync(ca.certificate, 'utf8') + readFileSync(authority.certificate, 'utf8'));
  return {
    authority, certificate, origin, bundle, ca, policy, hosts, settings, gateway, trustBoth,
    https: (name, path = '/') => `https://${name}:${origin.tlsPort}${path}`,
    http: (name, path = '/') => `http://${name}:${origin.httpPort}${path}`,
  };
}
