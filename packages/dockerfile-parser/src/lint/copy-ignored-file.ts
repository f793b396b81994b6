import { cleanPath } from '../clean-path.ts';
import { type LintRule, ruleUrl } from './rule.ts';

const REMOTE = /^(?:[a-z]+:\/\/|git@)/;

const inContext = (source: string) => cleanPath(`/${source}`).slice(1) || '.';

export const copyIgnoredFile: LintRule = {
  name: 'CopyIgnoredFile',
  description: 'Attempting to Copy file that is excluded by .dockerignore',
  url: ruleUrl('CopyIgnoredFile'),
  experimental: false,
  *check({ stages, options: { ignores } }) {
    if (ignores === undefined) return;
    for (const { instruction, range, expand } of stages.flatMap(({ steps }) => steps)) {
      if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') continue;
      if (instruction.keyword === 'COPY' && instruction.from !== undefined) continue;
      const command = instruction.keyword === 'COPY' ? 'Copy' : 'Add';
      const sources = instruction.sources.map((source) => expand(source).text);
      for (const source of sources.filter((text) => !REMOTE.test(text) && ignores(inContext(text))))
        yield {
          message: `Attempting to ${command} file ${JSON.stringify(source)} that is excluded by .dockerignore`,
          range,
        };
    }
  },
};
