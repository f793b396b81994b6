import { propertyCases } from './configuration-case.ts';

const HOOKS = ['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand', 'postAttachCommand'];
const everywhere = (command: unknown) => Object.fromEntries(HOOKS.map((hook) => [hook, command]));

export const commandTable = [
  ...propertyCases('commands', {
    strings: everywhere('echo hello'),
    arrays: everywhere(['echo', 'hello world', '$HOME']),
    objects: everywhere({ one: 'echo 1', two: ['echo', '2'] }),
    'empty strings': everywhere(''),
    'empty arrays': everywhere([]),
    'empty objects': everywhere({}),
    'quoting torture': { postCreateCommand: 'echo "a \\"b\\" $X `id` \'c\' \\\\ !! && true; # x\nsecond line"' },
    'array torture': { postCreateCommand: ['sh', '-c', 'printf "%s" "$1"', '--', 'a "b" \'c\' $d `e` \\'] },
    'object names torture': { postCreateCommand: { 'a b': 'x', '"': 'y', '': 'z' } },
    variables: {
      postCreateCommand: 'echo ${localWorkspaceFolder} ${containerEnv:HOME} ${devcontainerId} ${unknown:x}',
      postStartCommand: { a: ['${localWorkspaceFolderBasename}'] },
    },
    'initializeCommand string': { initializeCommand: 'echo ${localWorkspaceFolder}' },
    'initializeCommand object': { initializeCommand: { a: 'b', c: ['d'] } },
    'one hook': { updateContentCommand: 'make' },
  }),
  ...propertyCases(
    'waitFor',
    Object.fromEntries(['initializeCommand', ...HOOKS].map((hook) => [hook, { waitFor: hook }])),
  ),
];
