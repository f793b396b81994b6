import { DockerfileError } from './dockerfile-error.ts';

/**
 * Reads the words of the exec form.
 * @returns `undefined` for any other text: broken JSON is shell text.
 * @throws {DockerfileError} for a JSON array of anything but strings.
 */
export function parseJsonForm(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new DockerfileError('when using JSON array syntax, arrays must be comprised of strings only', {
    hint: 'Write each word as a string, as in ["make", "-j", "2"].',
  });
}
