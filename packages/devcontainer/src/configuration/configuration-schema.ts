import * as z from 'zod';
import { LIFECYCLE_HOOKS } from './configuration.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

const must = (expected: string) => ({ error: `must be ${expected}` });
const oneOf = (...values: readonly [string, ...string[]]) => z.enum(values, must(`one of ${values.join(', ')}`));

const text: z.ZodType = z.string(must('a string'));
const flag: z.ZodType = z.boolean(must('true or false'));
const texts: z.ZodType = z.array(text, must('an array of strings'));
const object = z.record(z.string(), z.unknown(), must('an object'));
const textOrTexts = z.union([z.string(), z.array(z.string())], must('a string or an array of strings'));

const scalar = z.union([z.string(), z.number(), z.boolean()], must('a string'));
const variables = z.record(z.string(), scalar, must('an object of strings'));
const command = z.union(
  [z.string(), z.array(z.string()), z.record(z.string(), z.union([z.string(), z.array(z.string())]))],
  must('a string, an array of strings, or an object of those'),
);

const size = z.string(must('a string such as "8gb"')).regex(/^\d+([tgmk]b)?$/, 'must be a size such as "8gb"');
const gpu = z.union(
  [z.boolean(), z.literal('optional'), z.looseObject({ cores: z.number().optional(), memory: size.optional() })],
  must('true, false, "optional" or { "cores": 1, "memory": "8gb" }'),
);
const isPort = (value: unknown) =>
  typeof value === 'string'
    ? /^[a-z0-9_-]+:\d{1,5}$/i.test(value)
    : Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65535;
const port = z.custom(isPort, must('a port number or "host:port"'));
const mount = z.union(
  [z.string(), z.looseObject({ type: z.string(), source: z.string().optional(), target: z.string() })],
  must('a string such as "type=volume,source=cache,target=/cache" or { "type", "source", "target" }'),
);
const featureOptions = z.union(
  [scalar, z.record(z.string(), scalar)],
  must('a string, true, false or an object of options'),
);

const portAttributes = z.looseObject(
  {
    label: text,
    onAutoForward: oneOf('notify', 'openBrowser', 'openBrowserOnce', 'openPreview', 'silent', 'ignore'),
    elevateIfNeeded: flag,
    protocol: oneOf('http', 'https'),
    requireLocalPort: flag,
  },
  must('an object'),
);

export const buildShape: Shape = {
  dockerfile: text,
  context: text,
  args: variables,
  target: text,
  cacheFrom: textOrTexts,
  options: texts,
};

export const hostRequirementsShape: Shape = {
  cpus: z.int(must('a whole number')).min(1, 'must be at least 1'),
  memory: size,
  storage: size,
  gpu,
};

const hooks = Object.fromEntries(LIFECYCLE_HOOKS.map((hook) => [hook, command]));

/** Properties that images and features share with devcontainer.json. */
export const mergeableShape: Shape = {
  ...hooks,
  waitFor: oneOf('initializeCommand', ...LIFECYCLE_HOOKS),
  customizations: object,
  mounts: z.array(mount, must('an array of mounts')),
  containerEnv: variables,
  containerUser: text,
  init: flag,
  privileged: flag,
  capAdd: texts,
  securityOpt: texts,
  remoteUser: text,
  userEnvProbe: oneOf('none', 'loginShell', 'interactiveShell', 'loginInteractiveShell'),
  remoteEnv: z.record(z.string(), z.nullable(scalar), must('an object of strings or null')),
  overrideCommand: flag,
  portsAttributes: z.record(z.string(), portAttributes.partial(), must('an object')),
  otherPortsAttributes: portAttributes.partial(),
  forwardPorts: z.array(port, must('an array of ports')),
  shutdownAction: oneOf('none', 'stopContainer', 'stopCompose'),
  updateRemoteUserUID: flag,
  hostRequirements: z.looseObject(hostRequirementsShape, must('an object')).partial(),
};

/** Every property of devcontainer.json. */
export const configurationShape: Shape = {
  $schema: text,
  name: text,
  image: text,
  build: z.looseObject(buildShape, must('an object')).partial(),
  dockerFile: text,
  context: text,
  dockerComposeFile: textOrTexts,
  service: text,
  runServices: texts,
  workspaceFolder: text,
  workspaceMount: text,
  features: z.record(z.string(), featureOptions, must('an object of features')),
  overrideFeatureInstallOrder: texts,
  initializeCommand: command,
  runArgs: texts,
  appPort: z.union([port, z.array(port)], must('a port or an array of ports')),
  secrets: z.record(z.string(), object, must('an object')),
  ...mergeableShape,
};

/** Older properties that the official tool moves into `customizations.vscode`. */
export const olderShape: Shape = {
  extensions: texts,
  settings: object,
  devPort: z.number(must('a number')),
};

/** Only editors and engines read these: a wrong value there stops no build. */
export const READ_BY_OTHERS: ReadonlySet<string> = new Set([
  'appPort',
  'customizations',
  'devPort',
  'extensions',
  'name',
  'otherPortsAttributes',
  'portsAttributes',
  'secrets',
  'settings',
  'shutdownAction',
]);
