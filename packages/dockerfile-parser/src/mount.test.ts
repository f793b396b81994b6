import { expect, it } from 'vitest';
import { type Mount, parseMount } from './mount.ts';

const refusal = (message: string) => expect.objectContaining({ name: 'DockerfileError', message });

const access = (mode: number) => ({ mode, uid: 0, gid: 0 });

it.each<[string, Mount]>([
  ['target=/t', { type: 'bind', from: undefined, source: '/', target: '/t', readOnly: true }],
  [
    'type=bind,from=build,src=/out,dst=t,rw',
    { type: 'bind', from: 'build', source: '/out', target: 't', readOnly: false },
  ],
  [
    'type=cache,target=/root/.npm',
    {
      type: 'cache',
      id: undefined,
      from: undefined,
      source: '/',
      target: '/root/.npm',
      sharing: 'shared',
      ...access(0o755),
      readOnly: false,
    },
  ],
  [
    'TYPE=Cache,id=npm,Destination=/c,sharing=LOCKED,mode=0700,uid=10,gid=20,ro=true,from=seed,source=/s',
    {
      type: 'cache',
      id: 'npm',
      from: 'seed',
      source: '/s',
      target: '/c',
      sharing: 'locked',
      mode: 0o700,
      uid: 10,
      gid: 20,
      readOnly: true,
    },
  ],
  ['type=tmpfs,target=/t', { type: 'tmpfs', target: '/t', sizeBytes: undefined }],
  ['type=tmpfs,target=/t,size=64m', { type: 'tmpfs', target: '/t', sizeBytes: 64 * 2 ** 20 }],
  ['type=tmpfs,target=/t,size=1.5GiB', { type: 'tmpfs', target: '/t', sizeBytes: 1.5 * 2 ** 30 }],
  [
    'type=secret,id=dir/token',
    {
      type: 'secret',
      id: 'dir/token',
      target: '/run/secrets/token',
      env: undefined,
      required: false,
      ...access(0o400),
    },
  ],
  [
    'type=secret,target=/etc/key.pem,required',
    { type: 'secret', id: 'key.pem', target: '/etc/key.pem', env: undefined, required: true, ...access(0o400) },
  ],
  [
    'type=secret,id=t,env=TOKEN,required=false',
    { type: 'secret', id: 't', target: undefined, env: 'TOKEN', required: false, ...access(0o400) },
  ],
  [
    'type=secret,source=t,env=TOKEN,target=/t',
    { type: 'secret', id: 't', target: '/t', env: 'TOKEN', required: false, ...access(0o400) },
  ],
  ['type=ssh', { type: 'ssh', id: 'default', target: undefined, required: false, ...access(0o600) }],
  [
    'type=ssh,id=git,target=/s,mode=644,uid=5',
    { type: 'ssh', id: 'git', target: '/s', required: false, mode: 0o644, uid: 5, gid: 0 },
  ],
  ['"target=/a,b",source=/x', { type: 'bind', from: undefined, source: '/x', target: '/a,b', readOnly: true }],
  ['"target=/say ""hi"""', { type: 'bind', from: undefined, source: '/', target: '/say "hi"', readOnly: true }],
  ['ro,target=/t,rw', { type: 'bind', from: undefined, source: '/', target: '/t', readOnly: false }],
])('parseMount() reads %s', (text, expected) => {
  expect(parseMount(text)).toEqual(expected);
});

it('parseMount() expands every value but from', () => {
  const expand = (value: string) => value.replace('$A', 'cache');
  expect(parseMount('type=$A,id=x-$A,target=/$A', { expand })).toMatchObject({ id: 'x-cache', target: '/cache' });
});

it.each([
  ['type=cach,target=/t', 'unsupported mount type "cach" (did you mean cache?)'],
  ['type=volume,target=/t', 'unsupported mount type "volume"'],
  ['targt=/t', "unexpected key 'targt' in 'targt=/t' (did you mean target?)"],
  ['target=/t,sharing=own', 'sharing not allowed for "bind" type mounts'],
  ['type=cache,target=/t,sharing=own', 'unsupported sharing value "own"'],
  ['target=/t,mode=755', 'mode not allowed for "bind" type mounts'],
  ['type=tmpfs,target=/t,uid=1', 'uid not allowed for "tmpfs" type mounts'],
  ['type=cache,target=/t,required', 'required not allowed for "cache" type mounts'],
  ['target', "invalid field 'target' must be a key=value pair"],
  ['target=/', 'invalid mount target "/"'],
  ['target=/x/..', 'invalid mount target "/"'],
  ['type=cache', 'mount target is required'],
  ['target=/t,from=$x', "'from' doesn't support variable expansion, define alias stage instead"],
  ['type=secret', 'invalid secret mount. one of source, target required'],
  ['type=secret,id=a,source=b', "both source and id can't be set"],
  ['type=secret,id=a,from=b', 'secret mount should not have a from'],
  ['type=ssh,source=/s', 'ssh does not support source'],
  ['type=cache,target=/t,mode=9', 'invalid value 9 for mode'],
  ['type=cache,target=/t,uid=root', 'invalid value root for uid'],
  ['type=cache,target=/t,gid=4294967296', 'invalid value 4294967296 for gid'],
  ['target=/t,ro=perhaps', 'invalid value for readonly: perhaps'],
  ['type=tmpfs,target=/t,size=big', "invalid size: 'big'"],
  ['target="/t"', 'failed to parse csv mounts: bare " in non-quoted field'],
  ['"target=/t', 'failed to parse csv mounts: extraneous or missing " in quoted-field'],
])('parseMount() refuses %s', (text, message) => {
  expect(() => parseMount(text)).toThrow(refusal(message));
});
