import type { FeatureOptions, Scalar } from '../configuration/configuration.ts';
import type { FeatureMetadata } from './feature-metadata.ts';

/** The variable in which install.sh finds an option: `install-tools` is `INSTALL_TOOLS`, `2fast` is `_FAST`. */
export function optionVariable(name: string): string {
  return name
    .replace(/\W/g, '_')
    .replace(/^[\d_]+/, '_')
    .toUpperCase();
}

/**
 * The variables of all options, in the order of the feature's defaults, then those that only the user names: unknown
 * options are passed on. A plain value is the option `version`, where the feature has it.
 */
export function optionVariables(metadata: FeatureMetadata, options: FeatureOptions): Readonly<Record<string, string>> {
  const entries = Object.entries(givenOptions(metadata, options));
  return Object.fromEntries(entries.map(([name, value]) => [optionVariable(name), String(value)]));
}

function givenOptions(metadata: FeatureMetadata, options: FeatureOptions): Readonly<Record<string, Scalar>> {
  const known = metadata.options ?? {};
  const defaults = Object.fromEntries(
    Object.entries(known).flatMap(([name, option]) => (option.default === undefined ? [] : [[name, option.default]])),
  );
  if (typeof options === 'object') return { ...defaults, ...options };
  return 'version' in known ? { ...defaults, version: options } : defaults;
}
