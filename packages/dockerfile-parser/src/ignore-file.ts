import { cleanPath } from './clean-path.ts';
import { DockerfileError } from './dockerfile-error.ts';

/**
 * The patterns of a `.dockerignore`, cleaned; `!` stays.
 * @throws {DockerfileError} `illegal exclusion pattern: "!"`
 * @example parseIgnoreFile('# dependencies\n/node_modules/\n!keep.me\n') // ['node_modules', '!keep.me']
 */
export function parseIgnoreFile(text: string): string[] {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n');
  return lines.flatMap((line, index) => {
    const trimmed = line.trim();
    if (line.startsWith('#') || trimmed === '') return [];
    const negated = trimmed.startsWith('!');
    const pattern = negated ? trimmed.slice(1).trim() : trimmed;
    if (pattern === '') {
      throw new DockerfileError('illegal exclusion pattern: "!"', {
        range: { startLine: index + 1, endLine: index + 1 },
        hint: 'Write a pattern after the !.',
      });
    }
    const cleaned = cleanPath(pattern);
    const relative = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
    return [negated ? `!${relative}` : relative];
  });
}
