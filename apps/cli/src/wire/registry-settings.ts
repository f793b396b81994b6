import { type CertificateFiles, parseMirrors, type RegistrySettings } from '@shale/wiring';
import type { OptionValues } from '../options/option.ts';
import type { registryOptions } from '../options/registries.ts';
import { UsageError } from '../errors/usage-error.ts';

type RegistryOptions = Omit<OptionValues<typeof registryOptions>, 'offline'>;

/** @throws {UsageError} */
export function registrySettings(options: RegistryOptions): RegistrySettings {
  const { registryMap, registryMirror, insecure, insecureRegistry, skipTlsVerifyRegistry } = options;
  const { dockerConfigBase64: config, sslCertBase64: authority } = options;
  const configs = config === undefined ? [] : [{ text: decode(config), origin: 'ENVBUILDER_DOCKER_CONFIG_BASE64' }];
  return {
    credentials: { configs },
    insecure: insecure || [...insecureRegistry, ...skipTlsVerifyRegistry],
    mirrors: parseMirrors([...registryMap.flatMap((text) => text.split(';')), ...registryMirror]),
    mirrorFallback: !options.skipDefaultRegistryFallback,
    authorities: authority === undefined ? [] : [decode(authority)],
    certificates: certificateFiles(options),
    realmHosts: tokenHosts(options),
    retries: options.imageDownloadRetry,
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function certificateFiles({
  registryCertificate,
  registryClientCert,
}: RegistryOptions): Readonly<Record<string, CertificateFiles>> {
  const found: Record<string, CertificateFiles> = {};
  for (const text of registryCertificate) {
    const [host, file] = assignment(text, '--registry-certificate takes HOST=FILE');
    found[host] = { ...found[host], authorities: [...(found[host]?.authorities ?? []), file] };
  }
  for (const text of registryClientCert) {
    const usage = '--registry-client-cert takes HOST=CERTIFICATE,KEY';
    const [host, files] = assignment(text, usage);
    const [certificate = '', key] = files.split(',');
    if (key === undefined) throw new UsageError(`${usage}, not ${JSON.stringify(text)}`);
    found[host] = { ...found[host], client: { certificate, key } };
  }
  return found;
}

function tokenHosts({ registryTokenHost }: RegistryOptions): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const text of registryTokenHost) {
    const [host, place] = assignment(text, '--registry-token-host takes HOST=PLACE');
    found[host] = [...(found[host] ?? []), place];
  }
  return found;
}

function assignment(text: string, usage: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError(`${usage}, not ${JSON.stringify(text)}`);
}
