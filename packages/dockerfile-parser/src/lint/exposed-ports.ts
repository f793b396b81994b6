import { DockerfileError } from '../dockerfile-error.ts';
import { parsePortSpec, type PortSpec } from '../expose-port.ts';
import type { SourceRange } from '../position.ts';
import type { LintStage } from './subject.ts';

/** A port of EXPOSE, and its word in the Dockerfile. */
export interface ExposedPort extends PortSpec {
  readonly word: string;
  readonly range: SourceRange;
}

/** Every port after expansion. Skips words that are not valid: the builder reports them. */
export function exposedPorts(stages: readonly LintStage[]): ExposedPort[] {
  return stages.flatMap(({ steps }) =>
    steps.flatMap(({ instruction, range, expandWords }) => {
      const words = instruction.keyword === 'EXPOSE' ? instruction.ports.flatMap(expandWords) : [];
      return words.flatMap((word) => specsOf(word).map((spec) => ({ ...spec, word, range })));
    }),
  );
}

function specsOf(word: string): PortSpec[] {
  try {
    return [parsePortSpec(word)];
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
}
