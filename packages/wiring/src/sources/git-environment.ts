import type { Environment } from '../environment.ts';

const NAMES = ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
const PROXIES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

/** The variables of the user's environment that git may see. Offline, git may use no transport. */
export function gitEnvironment(
  env: Environment,
  { offline = false }: { readonly offline?: boolean | undefined } = {},
): Readonly<Record<string, string>> {
  const names = [...NAMES, ...PROXIES, ...PROXIES.map((name) => name.toUpperCase())];
  const seen = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(seen), ...(offline && { GIT_ALLOW_PROTOCOL: 'none' }) };
}
