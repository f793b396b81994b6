import { didYouMean } from '@shale/dockerfile-parser';
import * as z from 'zod';
import type { ConfigurationIssue } from '../devcontainer-error.ts';
import {
  buildShape,
  configurationShape,
  hostRequirementsShape,
  olderShape,
  READ_BY_OTHERS,
} from './configuration-schema.ts';
import type { JsonDocument } from './json-document.ts';

export interface ValidationResult {
  /** Values that cannot be used. */
  readonly errors: readonly ConfigurationIssue[];
  readonly warnings: readonly ConfigurationIssue[];
}

const configurationSchema = z.looseObject({ ...configurationShape, ...olderShape }).partial();

/** Compares a devcontainer.json with what the specification says of each property. Names that it does not know warn. */
export function validateConfiguration(document: JsonDocument): ValidationResult {
  const wrong = wrongValues(configurationSchema, document);
  const isHarmless = ({ path }: ConfigurationIssue) => READ_BY_OTHERS.has(String(path[0]));
  return {
    errors: inOrder([...wrong.filter((issue) => !isHarmless(issue)), ...contradictions(document)]),
    warnings: inOrder([
      ...wrong.filter(isHarmless),
      ...document.duplicates,
      ...unknownNames(document),
      ...olderNames(document),
      ...shadowedSources(document),
    ]),
  };
}

function inOrder(issues: readonly ConfigurationIssue[]): readonly ConfigurationIssue[] {
  return issues.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function wrongValues(schema: z.ZodType, document: JsonDocument): ConfigurationIssue[] {
  return issuesOf(schema, document.value).map(({ path, message }) =>
    document.issueAt(path, `${path.join('.')} ${message}`),
  );
}

function issuesOf(schema: z.ZodType, value: unknown): { path: (string | number)[]; message: string }[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => ({
    path: path.map((key) => (typeof key === 'number' ? key : String(key))),
    message: message.startsWith('must be') ? message : 'has a value that is not allowed',
  }));
}

function unknownNames(document: JsonDocument): ConfigurationIssue[] {
  return [
    ...unknownIn(document, [], Object.keys(configurationShape), Object.keys(olderShape)),
    ...unknownIn(document, ['build'], Object.keys(buildShape)),
    ...unknownIn(document, ['hostRequirements'], Object.keys(hostRequirementsShape)),
  ];
}

function unknownIn(
  document: JsonDocument,
  path: readonly string[],
  known: readonly string[],
  older: readonly string[] = [],
): ConfigurationIssue[] {
  const value = path.reduce<unknown>(
    (parent, key) => (parent as Record<string, unknown> | undefined)?.[key],
    document.value,
  );
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.keys(value)
    .filter((key) => !known.includes(key) && !older.includes(key))
    .map((key) => {
      const name = [...path, key];
      return document.issueAtKey(name, `${name.join('.')} is not a known property${didYouMean(key, known)}`);
    });
}

const REPLACEMENTS: Readonly<Record<string, string>> = {
  dockerFile: 'build.dockerfile',
  context: 'build.context',
  extensions: 'customizations.vscode.extensions',
  settings: 'customizations.vscode.settings',
  devPort: 'customizations.vscode.devPort',
  appPort: 'forwardPorts',
};

function olderNames(document: JsonDocument): ConfigurationIssue[] {
  return Object.keys(document.value)
    .filter((key) => key in REPLACEMENTS)
    .map((key) => document.issueAtKey([key], `${key} is the older form of ${REPLACEMENTS[key]}`));
}

/** The first of these that a configuration has is what it is made from. */
function sourcesOf({ value }: JsonDocument): (readonly string[])[] {
  const build = value['build'];
  const hasDockerfile = typeof build === 'object' && build !== null && 'dockerfile' in build;
  return [
    ...('dockerFile' in value ? [['dockerFile']] : []),
    ...(hasDockerfile ? [['build', 'dockerfile']] : []),
    ...('dockerComposeFile' in value ? [['dockerComposeFile']] : []),
    ...('image' in value ? [['image']] : []),
  ];
}

function shadowedSources(document: JsonDocument): ConfigurationIssue[] {
  const [used, ...unused] = sourcesOf(document);
  return unused.map((path) => document.issueAtKey(path, `${path.join('.')} is ignored: ${used?.join('.')} is used`));
}

function contradictions(document: JsonDocument): ConfigurationIssue[] {
  const { value } = document;
  if (sourcesOf(document)[0]?.[0] !== 'dockerComposeFile' || 'service' in value) return [];
  return [
    document.issueAtKey(['dockerComposeFile'], 'dockerComposeFile needs service, the name of the service to use'),
  ];
}
