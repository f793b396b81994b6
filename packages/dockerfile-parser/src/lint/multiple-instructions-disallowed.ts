import { type LintRule, ruleUrl } from './rule.ts';
import { writtenKeyword } from './written-keyword.ts';

const ONCE = ['CMD', 'ENTRYPOINT', 'HEALTHCHECK'] as const;

export const multipleInstructionsDisallowed: LintRule = {
  name: 'MultipleInstructionsDisallowed',
  description: 'Multiple instructions of the same type should not be used in the same stage',
  url: ruleUrl('MultipleInstructionsDisallowed'),
  experimental: false,
  *check({ stages }) {
    for (const { steps } of stages) {
      for (const keyword of ONCE) {
        const all = steps.filter(({ instruction }) => instruction.keyword === keyword);
        // reports the instruction without effect
        for (const [index, { range }] of all.slice(0, -1).entries()) {
          const next = all[index + 1]?.instruction;
          yield {
            message: `Multiple ${next === undefined ? keyword : writtenKeyword(next)} instructions should not be used in the same stage because only the last one will be used`,
            range,
          };
        }
      }
    }
  },
};
