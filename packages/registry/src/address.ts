import { BlockList, isIPv6 } from 'node:net';

/** Where an IP address is. `reserved` are link-local and cloud metadata addresses, where no registry can be. */
export type AddressClass = 'public' | 'private' | 'loopback' | 'reserved';

type Ranges = Readonly<Record<Exclude<AddressClass, 'public'>, BlockList>>;

let ranges: Ranges | undefined;

/** Made at the first use: a build from the cache needs no list. */
const makeRanges = (): Ranges => ({
  reserved: blockList(
    ['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '100.100.100.200/32', '224.0.0.0/3'],
    ['::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::254/128'],
  ),
  loopback: blockList(['127.0.0.0/8'], ['::1/128']),
  private: blockList(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7']),
});

function blockList(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList();
  const add = (ranges: readonly string[], family: 'ipv4' | 'ipv6') => {
    for (const range of ranges) {
      const [network = '', bits] = range.split('/');
      list.addSubnet(network, Number(bits), family);
    }
  };
  add(ipv4, 'ipv4');
  add(ipv6, 'ipv6');
  return list;
}

/** An IPv4 address inside an IPv6 one (`::ffff:10.0.0.1`) is treated as that IPv4 address. */
export function classifyAddress(address: string): AddressClass {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  ranges ??= makeRanges();
  if (ranges.reserved.check(address, family)) return 'reserved';
  if (ranges.loopback.check(address, family)) return 'loopback';
  return ranges.private.check(address, family) ? 'private' : 'public';
}

const NEARER: Readonly<Record<AddressClass, readonly AddressClass[]>> = {
  public: ['public'],
  reserved: ['public'],
  private: ['public', 'private'],
  loopback: ['public', 'private', 'loopback'],
};

/** Whether a registry may send its clients to `target`, which must not be further inside the network than itself. */
export function mayLeadTo(registry: AddressClass, target: AddressClass): boolean {
  return NEARER[registry].includes(target);
}

const LOOPBACK = /^(?:localhost|127(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}|\[::1\])(?::\d{1,5})?$/;

/** Whether the spelling of `host[:port]` names this machine. `127.0.0.1.evil.com` does not. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}
