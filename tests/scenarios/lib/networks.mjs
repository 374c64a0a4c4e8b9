// Three machines in network namespaces: clients, the gateway between, servers.
//
//   client --- 192.0.2.0/24, 2001:db8:1::/64 --- gateway
//   gateway -- 198.51.100.0/24, 2001:db8:2::/64 -- server
import { run } from './process.mjs';

const ip = async (...args) => {
  const result = await run('ip', args);
  if (result.code !== 0) throw new Error(`ip ${args.join(' ')}: ${result.err}`);
  return result.out;
};

// Why networks cannot be made here, or null.
export async function whyNoNetworks() {
  if (process.getuid() !== 0) return 'only root may make network namespaces';
  const name = `cop-try-${process.pid}`;
  const made = await run('ip', ['netns', 'add', name]).catch((error) => ({ code: 1, err: error.message }));
  if (made.code !== 0) return `network namespaces cannot be made here: ${made.err.trim()}`;
  const rules = await run('ip', ['netns', 'exec', name, 'nft', 'add table inet try; add chain inet try c { type filter hook prerouting priority 0; }; add rule inet try c tcp dport 80 tproxy to :80']).catch((error) => ({ code: 1, err: error.message }));
  await run('ip', ['netns', 'del', name]);
  return rules.code === 0 ? null : `the firewall cannot be set here: ${rules.err.trim()}`;
}

export const addresses = {
  gateway: ['192.0.2.1', '2001:db8:1::1'],
  client: ['192.0.2.7', '2001:db8:1::7'],
  // Where sites are, and a server that sites never resolve to.
  site: ['198.51.100.10', '2001:db8:2::10'],
  stranger: ['198.51.100.66', '2001:db8:2::66'],
};

export async function makeNetworks(place) {
  const names = Object.fromEntries(['client', 'gateway', 'server'].map((n) => [n, `cop-${n}-${process.pid}`]));
  const inside = Object.fromEntries(Object.entries(names).map(([n, name]) => [n, ['ip', 'netns', 'exec', name]]));
  const within = async (who, ...args) => {
    const [command, ...rest] = [...inside[who], ...args];
    const result = await run(command, rest);
    if (result.code !== 0) throw new Error(`${who}: ${args.join(' ')}: ${result.err}`);
    return result.out;
  };
  for (const name of Object.values(names)) {
    await ip('netns', 'add', name);
    place.atEnd(() => ip('netns', 'del', name));
  }
  await ip('link', 'add', 'lan0', 'netns', names.client, 'type', 'veth', 'peer', 'name', 'lan1', 'netns', names.gateway);
  await ip('link', 'add', 'wan0', 'netns', names.gateway, 'type', 'veth', 'peer', 'name', 'wan1', 'netns', names.server);
  const up = async (who, device, list) => {
    await ip('-n', names[who], 'link', 'set', 'lo', 'up');
    await ip('-n', names[who], 'link', 'set', device, 'up');
    for (const address of list) {
      await ip('-n', names[who], 'addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
    }
  };
  await up('client', 'lan0', addresses.client.map((a) => `${a}/${a.includes(':') ? 64 : 24}`));
  await up('gateway', 'lan1', addresses.gateway.map((a) => `${a}/${a.includes(':') ? 64 : 24}`));
  await up('gateway', 'wan0', ['198.51.100.1/24', '2001:db8:2::1/64']);
  await up('server', 'wan1', [...addresses.site, ...addresses.stranger].map((a) => `${a}/${a.includes(':') ? 64 : 24}`));
  await ip('-n', names.client, 'route', 'add', 'default', 'via', addresses.gateway[0]);
  await ip('-n', names.client, '-6', 'route', 'add', 'default', 'via', addresses.gateway[1]);
  // The servers know no way back to the clients: what reaches them past the
  // gateway's own sockets is never answered by accident.
  await within('gateway', 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
  return { names, inside, within };
}
