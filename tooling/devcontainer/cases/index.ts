import { commandTable } from './commands.ts';
import type { ConfigurationCase } from './configuration-case.ts';
import { dockerfileTable } from './dockerfiles.ts';
import { featureTable } from './features.ts';
import { labelTable } from './labels.ts';
import { propertyTable } from './properties.ts';
import { syntaxTable } from './syntax.ts';
import { variableTable } from './variables.ts';

export type { ConfigurationCase } from './configuration-case.ts';
export { publishedFeatures } from './features.ts';

export const configurationCases: readonly ConfigurationCase[] = [
  ...syntaxTable,
  ...variableTable,
  ...propertyTable,
  ...commandTable,
  ...labelTable,
  ...featureTable,
  ...dockerfileTable,
];
