import { suggest } from '@shale/dockerfile-parser';
import { UsageError } from '../errors/usage-error.ts';

/**
 * Reads `type=oci,dest=out.tar`; a value with a comma stands in double quotes, as in CSV: `"dest=a,b"`.
 * @throws {UsageError} for a name that is not among `known`, or given twice.
 */
export function parseAttributes(text: string, option: string, known: readonly string[]): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const field of splitFields(text)) {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field.trim() : field.slice(0, equals).trim();
    if (!known.includes(name)) throw unknownAttribute(name, option, known);
    if (attributes.has(name)) throw new UsageError(`${option} has ${name} twice: ${JSON.stringify(text)}`);
    attributes.set(name, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  return attributes;
}

function splitFields(text: string): readonly string[] {
  const fields = text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? [];
  return fields.map((field) =>
    field.replaceAll(/"((?:[^"]|"")*)"/g, (_, quoted: string) => quoted.replaceAll('""', '"')),
  );
}

function unknownAttribute(name: string, option: string, known: readonly string[]): UsageError {
  const near = suggest(name, known);
  return new UsageError(`${option} has no ${JSON.stringify(name)}`, {
    hint: near === undefined ? `It takes ${known.join(', ')}.` : `Did you mean ${near}?`,
  });
}
