import type { Environment } from '../environment.ts';

/** What git may see of the user's environment. */
export function gitEnvironment(env: Environment): Readonly<Record<string, string>> {
  const names = [
    'PATH',
    'HOME',
    'SSH_AUTH_SOCK',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'HTTPS_PROXY',
    'NO_PROXY',
    'SSL_CERT_FILE',
  ];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
