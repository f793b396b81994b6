import { isIP } from 'node:net';

/** Domains of local networks: nobody can register names below them. */
const LOCAL_DOMAINS = ['localhost', 'local', 'internal', 'svc', 'svc.cluster.local'];

/**
 * Whether a request with this `Host` may be answered. A web page can point a name of its own at this daemon's address, and
 * would then read the answers as those of its own site (DNS rebinding). So the name must be one that no stranger can own:
 * an IP address, a name without a dot, a name of a local network, or one of `named`.
 */
export function isAllowedHost(header: string | undefined, named: readonly string[]): boolean {
  const host = nameOf(header ?? '');
  if (host === undefined) return false;
  if (isIP(host) !== 0 || !host.includes('.')) return true;
  return (
    named.some((name) => name.toLowerCase() === host) || LOCAL_DOMAINS.some((domain) => host.endsWith(`.${domain}`))
  );
}

/** Without the port, without the brackets of an IPv6 address, and without the dot that ends an absolute name. */
function nameOf(header: string): string | undefined {
  const [, address, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@]+))(?::\d*)?$/i.exec(header) ?? [];
  return address ?? name?.toLowerCase().replace(/\.$/, '');
}
