import { cleanPath } from './clean-path.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { compileIgnorePattern } from './ignore-pattern.ts';

/** The characters that begin a class or an escape in a pattern. */
const MAY_BE_BROKEN = /[[\\]/;

/**
 * Reads the patterns of a `.dockerignore`. Cleans their paths, and keeps a leading `!`.
 * @throws {DockerfileError} `illegal exclusion pattern: "!"`, `syntax error in pattern: …`, with its line.
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
    if (MAY_BE_BROKEN.test(cleaned)) placedAt(index + 1, () => compileIgnorePattern(cleaned));
    const relative = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
    return [negated ? `!${relative}` : relative];
  });
}

function placedAt(line: number, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    throw new DockerfileError(error.message, { range: { startLine: line, endLine: line }, hint: error.hint });
  }
}
