import { type LintRule, ruleUrl } from './rule.ts';
import { writtenKeyword } from './written-keyword.ts';

export const legacyKeyValueFormat: LintRule = {
  name: 'LegacyKeyValueFormat',
  description: 'Legacy key/value format with whitespace separator should not be used',
  url: ruleUrl('LegacyKeyValueFormat'),
  experimental: false,
  *check({ stages }) {
    for (const { instruction, range } of stages.flatMap(({ steps }) => steps)) {
      if (instruction.keyword !== 'ENV' && instruction.keyword !== 'LABEL') continue;
      const word = writtenKeyword(instruction);
      if (instruction.legacy)
        yield { message: `"${word} key=value" should be used instead of legacy "${word} key value" format`, range };
    }
  },
};
