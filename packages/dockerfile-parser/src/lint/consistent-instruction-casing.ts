import { type LintRule, ruleUrl } from './rule.ts';
import { writtenKeyword } from './written-keyword.ts';

/** The more frequent case, or upper case if both are equally frequent. Words in mixed case are not counted. */
function majority(words: readonly string[]): 'lowercase' | 'uppercase' {
  const lower = words.filter((word) => word === word.toLowerCase()).length;
  const upper = words.filter((word) => word === word.toUpperCase()).length;
  return lower > upper ? 'lowercase' : 'uppercase';
}

export const consistentInstructionCasing: LintRule = {
  name: 'ConsistentInstructionCasing',
  description: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  url: ruleUrl('ConsistentInstructionCasing'),
  experimental: false,
  *check({ dockerfile, stages }) {
    const casing = majority(
      dockerfile.stages.flatMap(({ from, instructions }) => [from, ...instructions]).map(writtenKeyword),
    );
    for (const { stage } of stages) {
      for (const instruction of [stage.from, ...stage.instructions]) {
        const word = writtenKeyword(instruction);
        if (word !== (casing === 'lowercase' ? word.toLowerCase() : word.toUpperCase()))
          yield {
            message: `Command '${word}' should match the case of the command majority (${casing})`,
            range: instruction.range,
          };
      }
    }
  },
};
