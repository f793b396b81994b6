import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobDirectory, type Layer } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { loadSystemCalls, type SystemCalls } from '@shale/core/linux';
import { makeLayer } from '@shale/testing';
import { describe, expect, it } from 'vitest';
import { Capability, hasCapability, isInUserNamespace } from '../host/privileges.ts';
import { copySnapshotter } from './copy-snapshotter.ts';
import { overlaySnapshotter } from './overlay-snapshotter.ts';
import { snapshotterContract } from './snapshotter.contract.ts';
import { BASE, SCENARIOS } from './snapshotter-scenarios.contract.ts';

const calls = loadSystemCalls();

if (calls !== undefined) {
  snapshotterContract('overlaySnapshotter()', {
    open: (stateDir) => overlaySnapshotter({ stateDir, calls, isUserNamespace: isInUserNamespace() }),
    skip: hasCapability(Capability.sysAdmin) ? undefined : 'it needs the right to mount',
  });
}

snapshotterContract('copySnapshotter()', { open: (stateDir) => copySnapshotter({ stateDir, calls }) });

snapshotterContract('copySnapshotter() without system calls', {
  open: (stateDir) => copySnapshotter({ stateDir, calls: undefined }),
});

describe.skipIf(calls === undefined || !hasCapability(Capability.sysAdmin))('overlay and copy', () => {
  it.each(Object.entries(SCENARIOS))('make the same bytes of %s', async (_name, { change }) => {
    await using scratch = await openScratchDirectory();
    const store = blobDirectory(join(scratch.path, 'store'));
    const base = [{ layer: await makeLayer(store, BASE), blobs: store }];
    const stateDir = scratch.path;
    const snapshotters = [
      overlaySnapshotter({ stateDir, calls: calls as SystemCalls, isUserNamespace: isInUserNamespace() }),
      copySnapshotter({ stateDir, calls }),
    ];
    const layers: Layer[] = [];
    for (const snapshotter of snapshotters) {
      await using tree = await snapshotter.prepare(base);
      change(tree.path);
      layers.push(await tree.commit({ store, compression: { algorithm: 'gzip' }, sourceDateEpoch: 0 }));
    }
    expect(layers[1]).toEqual(layers[0]);
  });
});

describe('copySnapshotter({ lastIntrusionMs })', () => {
  it('uses a tree again as long as nobody wrote to it, and else unpacks the layers', async () => {
    await using scratch = await openScratchDirectory();
    const store = blobDirectory(join(scratch.path, 'store'));
    const base = [{ layer: await makeLayer(store, BASE), blobs: store }];
    let lastIntrusionMs = 0;
    const snapshotter = copySnapshotter({ stateDir: scratch.path, calls, lastIntrusionMs: () => lastIntrusionMs });
    const view = async () => {
      await using tree = await snapshotter.view(base);
      return {
        file: join(tree.path, 'dir/evil'),
        has: existsSync(join(tree.path, 'dir/evil')),
        ino: lstatSync(tree.path).ino,
      };
    };
    const first = await view();
    lastIntrusionMs = performance.now();
    expect(await view()).toEqual(first);
    writeFileSync(first.file, '');
    expect((await view()).has).toBe(true); // nobody could have done that
    lastIntrusionMs = performance.now();
    expect((await view()).has).toBe(false);
  });

  it('trusts no tree of another process', async () => {
    await using scratch = await openScratchDirectory();
    const store = blobDirectory(join(scratch.path, 'store'));
    const base = [{ layer: await makeLayer(store, BASE), blobs: store }];
    for (const expected of [false, false]) {
      const snapshotter = copySnapshotter({ stateDir: scratch.path, calls, lastIntrusionMs: () => 0 });
      await using tree = await snapshotter.view(base);
      expect(existsSync(join(tree.path, 'dir/evil'))).toBe(expected);
      writeFileSync(join(tree.path, 'dir/evil'), '');
    }
  });
});
