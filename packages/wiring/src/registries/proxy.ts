import type { ProxyOptions } from '@shale/registry';
import type { Environment } from '../environment.ts';

/** Proxies from the variables that every tool reads; the lower-case spelling wins. */
export function proxyOf(env: Environment): ProxyOptions {
  const read = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), noProxy: read('NO_PROXY') };
}
