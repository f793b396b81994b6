import { type LintRule, ruleUrl } from './rule.ts';

const SECRET: ReadonlySet<string> = new Set(
  'apikey auth credential credentials key password pword passwd secret token'.split(' '),
);
/** A name with one of these words is harmless: PUBLIC_KEY, TOKEN_FILE. */
const HARMLESS: ReadonlySet<string> = new Set(['public', 'file', 'version']);

function soundsSecret(name: string): boolean {
  const words = name.toLowerCase().split('_');
  return words.some((word) => SECRET.has(word)) && !words.some((word) => HARMLESS.has(word));
}

export const secretsUsedInArgOrEnv: LintRule = {
  name: 'SecretsUsedInArgOrEnv',
  description: 'Sensitive data should not be used in the ARG or ENV commands',
  url: ruleUrl('SecretsUsedInArgOrEnv'),
  experimental: false,
  *check({ stages }) {
    for (const { instruction, range, expand } of stages.flatMap(({ steps }) => steps)) {
      const { keyword } = instruction;
      const names =
        keyword === 'ENV'
          ? instruction.pairs.map(({ key }) => expand(key).text)
          : keyword === 'ARG'
            ? instruction.args.map(({ key }) => key)
            : [];
      for (const name of names.filter(soundsSecret))
        yield {
          message: `Do not use ARG or ENV instructions for sensitive data (${keyword} ${JSON.stringify(name)})`,
          range,
        };
    }
  },
};
