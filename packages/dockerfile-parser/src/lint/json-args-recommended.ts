import { type LintRule, ruleUrl } from './rule.ts';
import { writtenKeyword } from './written-keyword.ts';

export const jsonArgsRecommended: LintRule = {
  name: 'JSONArgsRecommended',
  description: 'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  url: ruleUrl('JSONArgsRecommended'),
  experimental: false,
  *check({ stages }) {
    for (const { instruction, range, hasShell } of stages.flatMap(({ steps }) => steps)) {
      if (instruction.keyword !== 'CMD' && instruction.keyword !== 'ENTRYPOINT') continue;
      // SHELL shows that a shell is wanted
      if (instruction.command.form === 'shell' && !hasShell)
        yield {
          message: `JSON arguments recommended for ${writtenKeyword(instruction)} to prevent unintended behavior related to OS signals`,
          range,
        };
    }
  },
};
