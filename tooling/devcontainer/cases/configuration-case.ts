/** A configuration whose official reading is kept as a golden. `@HOST` stands for the registry, `@IMAGE` for the case's image. */
export interface ConfigurationCase {
  readonly name: string;
  /** The devcontainer.json: a value, or its text. */
  readonly configuration: object | string;
  /** The label of the case's image: a value, or its text. */
  readonly label?: unknown;
  /** More of the image's config. */
  readonly image?: { readonly User?: string; readonly Env?: readonly string[] } | undefined;
  /** The environment of the machine. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Files of the workspace besides the devcontainer.json. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** @default '.devcontainer/devcontainer.json' */
  readonly path?: string | undefined;
}

/** Cases of one image with no label, that differ in their properties only. */
export function propertyCases(
  theme: string,
  configurations: Readonly<Record<string, object>>,
): readonly ConfigurationCase[] {
  return Object.entries(configurations).map(([name, properties]) => ({
    name: `${theme}: ${name}`,
    configuration: { image: '@IMAGE', ...properties },
  }));
}
