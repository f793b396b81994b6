import type { JsonObject } from '@shale/core/json';
import * as z from 'zod';
import type { FeatureOptions, LifecycleCommand, LifecycleHook, Mount, Scalar } from '../configuration/configuration.ts';
import { mergeableShape } from '../configuration/configuration-schema.ts';
import { parseJsonDocument } from '../configuration/json-document.ts';
import { moveOlderProperties } from '../configuration/older-properties.ts';
import { DevcontainerInvalidError } from '../devcontainer-error.ts';
import { FeatureInvalidError } from './feature-error.ts';

export interface FeatureOption {
  readonly type?: string | undefined;
  readonly default?: Scalar | undefined;
  readonly description?: string | undefined;
  readonly enum?: readonly string[] | undefined;
  readonly proposals?: readonly string[] | undefined;
}

/**
 * A devcontainer-feature.json. Properties that no specification knows stay in the value.
 * @see https://containers.dev/implementors/features/
 */
export interface FeatureMetadata extends Partial<Record<LifecycleHook, LifecycleCommand | undefined>> {
  readonly id?: string | undefined;
  readonly version?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly documentationURL?: string | undefined;
  readonly options?: Readonly<Record<string, FeatureOption>> | undefined;
  readonly containerEnv?: Readonly<Record<string, Scalar>> | undefined;
  readonly privileged?: boolean | undefined;
  readonly init?: boolean | undefined;
  readonly capAdd?: readonly string[] | undefined;
  readonly securityOpt?: readonly string[] | undefined;
  readonly entrypoint?: string | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  readonly customizations?: JsonObject | undefined;
  readonly dependsOn?: Readonly<Record<string, FeatureOptions>> | undefined;
  readonly installsAfter?: readonly string[] | undefined;
  readonly legacyIds?: readonly string[] | undefined;
  /** What an older name of the feature is called today. */
  readonly currentId?: string | undefined;
  readonly deprecated?: boolean | undefined;
}

export const METADATA_FILE = 'devcontainer-feature.json';

const text = z.string({ error: 'must be a string' });
const texts = z.array(text, { error: 'must be an array of strings' });
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a string, a number, true or false' });
const { onCreateCommand, updateContentCommand, postCreateCommand, postStartCommand, postAttachCommand } =
  mergeableShape;
const { containerEnv, privileged, init, capAdd, securityOpt, mounts, customizations } = mergeableShape;

const metadataSchema = z
  .looseObject({
    // part of a path and of shell words
    id: z
      .string({ error: 'must be a string' })
      .regex(/^[A-Za-z0-9][\w.-]*$/, 'must be letters, digits, "-", "_" and "."'),
    version: text,
    name: text,
    description: text,
    documentationURL: text,
    options: z.record(
      z.string(),
      z.looseObject({ type: text, default: scalar, enum: texts, proposals: texts }).partial(),
      { error: 'must be an object of options' },
    ),
    entrypoint: text,
    dependsOn: z.record(z.string(), z.union([scalar, z.record(z.string(), scalar)]), {
      error: 'must be an object of features',
    }),
    installsAfter: texts,
    legacyIds: texts,
    currentId: text,
    deprecated: z.boolean({ error: 'must be true or false' }),
    onCreateCommand,
    updateContentCommand,
    postCreateCommand,
    postStartCommand,
    postAttachCommand,
    containerEnv,
    privileged,
    init,
    capAdd,
    securityOpt,
    mounts,
    customizations,
  })
  .partial();

/**
 * Reads a devcontainer-feature.json.
 * @param feature For messages: the name by which the feature was asked for.
 * @throws {FeatureInvalidError} with a line for each value that cannot be used.
 */
export function parseFeatureMetadata(source: string, feature: string): FeatureMetadata {
  const file = `${METADATA_FILE} of ${feature}`;
  try {
    const document = parseJsonDocument(source, file);
    const { error } = metadataSchema.safeParse(document.value);
    if (error === undefined) return moveOlderProperties(document.value);
    throw document.failure(
      error.issues.map(({ path, message }) => {
        const keys = path.map((key) => (typeof key === 'number' ? key : String(key)));
        return document.issueAt(keys, `${keys.join('.')} ${message}`);
      }),
    );
  } catch (cause) {
    if (!(cause instanceof DevcontainerInvalidError)) throw cause;
    throw new FeatureInvalidError(cause.message, { cause });
  }
}
