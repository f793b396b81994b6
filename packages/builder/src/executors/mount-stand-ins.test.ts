import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { MountPointStubs } from '../tree/mount-points.ts';
import { StandIns } from './stand-ins.ts';
import { placeMount } from './mount-stand-ins.ts';

it('placeMount() passes connections to a socket on, however long its path is in the tree', async () => {
  await using scratch = await openScratchDirectory();
  const server = createServer((client) => client.end('from outside')).listen(join(scratch.path, 'agent'));
  await once(server, 'listening');
  const root = join(scratch.path, 'tree');
  mkdirSync(root);
  const target = `/${'long'.repeat(40)}/agent`;
  const stubs = new MountPointStubs(root, [{ target, type: 'file' }]);
  const standIns = new StandIns(root);
  await placeMount(standIns, { type: 'bind', source: join(scratch.path, 'agent'), target, readOnly: false }, { root });
  const directory = openSync(join(root, target, '..'), 'r');
  expect(await text(connect(`/proc/self/fd/${directory}/agent`))).toBe('from outside');
  closeSync(directory);
  await standIns[Symbol.asyncDispose]();
  stubs[Symbol.dispose]();
  server.close();
  expect(existsSync(join(root, target, '..'))).toBe(false);
});
