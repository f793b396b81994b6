import type { Instruction } from '../instruction.ts';
import { splitFirst } from '../words.ts';
import { type LintRule, ruleUrl } from './rule.ts';

const CHECK = /^check\s*=/i;

function definedNames(instruction: Instruction): readonly string[] {
  if (instruction.keyword === 'ARG') return instruction.args.map(({ key }) => key);
  return instruction.keyword === 'FROM' && instruction.as !== undefined ? [instruction.as.toLowerCase()] : [];
}

export const invalidDefinitionDescription: LintRule = {
  name: 'InvalidDefinitionDescription',
  description:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  url: ruleUrl('InvalidDefinitionDescription'),
  experimental: true,
  *check({ dockerfile, stages }) {
    const inStages = stages.flatMap(({ stage }) => [stage.from, ...stage.instructions]);
    for (const instruction of [...dockerfile.metaArgs, ...inStages]) {
      const comment = instruction.comments?.findLast((line) => !CHECK.test(line));
      const names = definedNames(instruction);
      const [name] = names;
      if (comment === undefined || name === undefined || names.includes(splitFirst(comment)[0])) continue;
      const example = names.length > 1 ? '<arg_key>' : name;
      yield {
        message: `Comment for ${instruction.keyword} should follow the format: \`# ${example} <description>\``,
        range: instruction.range,
      };
    }
  },
};
