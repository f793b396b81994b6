import { type LintRule, ruleUrl } from './rule.ts';

export const workdirRelativePath: LintRule = {
  name: 'WorkdirRelativePath',
  description:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  url: ruleUrl('WorkdirRelativePath'),
  experimental: false,
  *check({ stages }) {
    for (const { instruction, range, hasWorkdir, expand } of stages.flatMap(({ steps }) => steps)) {
      if (instruction.keyword !== 'WORKDIR' || hasWorkdir) continue;
      const path = expand(instruction.path).text;
      if (!path.startsWith('/'))
        yield {
          message: `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
          range,
        };
    }
  },
};
