import { parseRepositoryAddress } from '@shale/workspace';
import type { WorkspaceOptions } from '../options/option-table.ts';
import { parseBuildSecrets } from '../options/read-options.ts';

/** The texts of the options that no log may show. */
export function secretsOf(options: WorkspaceOptions): readonly (string | undefined)[] {
  const { gitUrl, gitPassword, coderAgentToken, dockerConfigBase64, gitSshPrivateKeyBase64, buildSecrets } = options;
  return [
    gitPassword,
    gitUrl === undefined ? undefined : parseRepositoryAddress(gitUrl).password,
    coderAgentToken,
    dockerConfigBase64,
    gitSshPrivateKeyBase64,
    ...parseBuildSecrets(buildSecrets).values(),
    ...registryPasswords(dockerConfigBase64),
  ];
}

function registryPasswords(base64: string | undefined): readonly string[] {
  const text = base64 === undefined ? '' : Buffer.from(base64, 'base64').toString('utf8');
  const values = [...text.matchAll(/"(?:auth|password|identitytoken|registrytoken)"\s*:\s*"([^"]+)"/gi)];
  return values.flatMap(([, value = '']) => {
    const decoded = Buffer.from(value, 'base64').toString('utf8');
    return [value, ...(decoded.includes(':') ? [decoded.slice(decoded.indexOf(':') + 1)] : [])];
  });
}
