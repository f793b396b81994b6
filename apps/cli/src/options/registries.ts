import { integer, list, text, toggle } from './kinds.ts';

/** For commands that talk to registries. */
export const registryOptions = {
  registryMirror: list({
    flag: 'registry-mirror',
    placeholder: 'URL',
    group: 'Registries',
    variables: [{ name: 'KANIKO_REGISTRY_MIRROR', values: splitOn(';') }],
    help: 'Ask this registry first for images of docker.io; write HOST=URL for another registry',
  }),
  registryMap: list({
    flag: 'registry-map',
    placeholder: 'HOST=PLACE[;...]',
    group: 'Registries',
    variables: [{ name: 'KANIKO_REGISTRY_MAP', values: splitOn(';') }],
    help: 'Ask this place first for images of a registry',
  }),
  skipDefaultRegistryFallback: toggle({
    flag: 'skip-default-registry-fallback',
    group: 'Registries',
    help: 'Where mirrors are named, ask nobody else',
  }),
  insecureRegistry: list({
    flag: 'insecure-registry',
    placeholder: 'HOST',
    group: 'Registries',
    help: 'The same as --insecure, for one registry',
  }),
  skipTlsVerifyRegistry: list({
    flag: 'skip-tls-verify-registry',
    placeholder: 'HOST',
    group: 'Registries',
    help: 'The same as --insecure-registry',
  }),
  registryCertificate: list({
    flag: 'registry-certificate',
    placeholder: 'HOST=FILE',
    group: 'Registries',
    help: 'Trust this authority for one registry',
  }),
  registryClientCert: list({
    flag: 'registry-client-cert',
    placeholder: 'HOST=CERTIFICATE,KEY',
    group: 'Registries',
    help: 'Show this certificate to one registry',
  }),
  registryTokenHost: list({
    flag: 'registry-token-host',
    placeholder: 'HOST=PLACE',
    group: 'Registries',
    help: 'Send credentials of a registry also to this place, as host or host:port, for a token',
  }),
  imageDownloadRetry: integer({
    flag: 'image-download-retry',
    placeholder: 'N',
    min: 0,
    max: 100,
    group: 'Registries',
    shownDefault: '2',
    help: 'How often a request is repeated, at growing intervals',
  }),
  insecure: toggle({
    flag: 'insecure',
    group: 'Registries',
    variables: ['ENVBUILDER_INSECURE'],
    help: 'Allow plain http, and certificates that cannot be verified',
  }),
  dockerConfigBase64: text({
    flag: 'docker-config-base64',
    placeholder: 'BASE64',
    group: 'Registries',
    variables: ['ENVBUILDER_DOCKER_CONFIG_BASE64'],
    help: 'Credentials: a docker config.json, encoded; wins over files. Prefer the variable, others can read flags',
  }),
  sslCertBase64: text({
    flag: 'ssl-cert-base64',
    placeholder: 'BASE64',
    group: 'Registries',
    variables: ['ENVBUILDER_SSL_CERT_BASE64'],
    help: 'A PEM certificate of an authority to trust, encoded; SSL_CERT_FILE names a file',
  }),
  offline: toggle({
    flag: 'offline',
    group: 'Registries',
    help: 'Make no network call: base images and cache come from this machine',
  }),
};

/** For a variable that holds many values. */
export function splitOn(separator: string): (text: string) => readonly string[] {
  return (value) =>
    value
      .split(separator)
      .map((part) => part.trim())
      .filter((part) => part !== '');
}
