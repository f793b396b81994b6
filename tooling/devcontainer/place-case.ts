import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ImageStore, parseReference, type Reference } from '@shale/core';
import { makeImage, publishFeature } from '@shale/testing';
import { type ConfigurationCase, publishedFeatures } from './cases/index.ts';

export interface CasePlace {
  /** As in `localhost:5000`. */
  readonly host: string;
  readonly repository: (reference: Reference) => ImageStore;
  readonly workspaceFolder: string;
}

/** Replaces `@HOST` and `@IMAGE` of a case. */
export function caseText({ name }: ConfigurationCase, host: string, text: string): string {
  return text.replaceAll('@IMAGE', imageName(name, host)).replaceAll('@HOST', host);
}

/** The image of a case, by its name. */
export function imageName(caseName: string, host: string): string {
  return `${host}/cases/${slug(caseName)}:latest`;
}

export function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** The environment of the machine. */
export function caseEnvironment(one: ConfigurationCase, host: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(one.env ?? {}).map(([name, text]) => [name, caseText(one, host, text)]));
}

/** The label of a case's image, as the image has it. */
export function labelText({ label }: ConfigurationCase): string | undefined {
  return label === undefined || typeof label === 'string' ? label : JSON.stringify(label);
}

/** Writes the files of a case. */
export async function placeFiles(one: ConfigurationCase, { host, workspaceFolder }: CasePlace): Promise<void> {
  const { configuration, path = '.devcontainer/devcontainer.json', files = {} } = one;
  const text = typeof configuration === 'string' ? configuration : JSON.stringify(configuration, null, 2);
  for (const [name, content] of Object.entries({ [path]: text, ...files })) {
    await mkdir(dirname(join(workspaceFolder, name)), { recursive: true });
    await writeFile(join(workspaceFolder, name), caseText(one, host, content));
  }
}

/** Pushes the image of a case. */
export async function placeImage(one: ConfigurationCase, { host, repository }: CasePlace): Promise<void> {
  const label = labelText(one);
  await makeImage(repository(parseReference(imageName(one.name, host))), {
    docker: true, // the official CLI asks for these types
    layers: [],
    config: { ...one.image, ...(label !== undefined && { Labels: { 'devcontainer.metadata': label } }) },
  });
}

/** Publishes what the cases share. */
export async function placeFeatures({ host, repository }: Omit<CasePlace, 'workspaceFolder'>): Promise<void> {
  for (const metadata of publishedFeatures) {
    const reference = parseReference(`${host}/features/${String(metadata['id'])}`);
    await publishFeature(repository(reference), { metadata });
  }
}
