import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chooseIsolation } from '@shale/builder/isolation';
import { openScratchDirectory } from '@shale/core/files';
import { expect, it } from 'vitest';
import { requireCommand } from '../src/command.ts';

/** `give` hands its root to whoever connects to an abstract socket; `take` goes there, leaves it upwards, and lists what it sees. */
const PROGRAM = String.raw`
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  memcpy(at.sun_path, "\0shale-attack", 13);
  socklen_t length = sizeof(sa_family_t) + 13;
  int s = socket(AF_UNIX, SOCK_STREAM, 0), fd = -1;
  char byte = 'x', control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec data = {&byte, 1};
  struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (!strcmp(argv[1], "give")) {
    if (bind(s, (void *)&at, length) || listen(s, 1)) return 2;
    puts("listening"); fflush(stdout); alarm(10);
    int c = accept(s, 0, 0);
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_RIGHTS; h->cmsg_len = CMSG_LEN(sizeof(int));
    *(int *)CMSG_DATA(h) = open("/", O_RDONLY | O_DIRECTORY);
    return sendmsg(c, &m, 0) < 0;
  }
  if (connect(s, (void *)&at, length)) { perror("connect"); return 3; }
  if (recvmsg(s, &m, 0) < 1) return 4;
  fd = *(int *)CMSG_DATA(CMSG_FIRSTHDR(&m));
  if (fchdir(fd)) return 5;
  for (int i = 0; i < 32; i++) if (chdir("..")) return 6;
  return access("etc/passwd", F_OK) || open("etc/passwd", O_RDONLY) < 0 ? 7 : 0;
}
`;

it('a step in a chroot cannot be taken out of it by another step over an abstract socket', async () => {
  await using scratch = await openScratchDirectory();
  const program = join(scratch.path, 'attack');
  await requireCommand(['gcc', '-static', '-xc', '-', '-o', program], { input: PROGRAM });
  const [giver, taker] = ['giver', 'taker'].map((name) => {
    const root = join(scratch.path, name);
    mkdirSync(root);
    copyFileSync(program, join(root, 'attack'));
    return root;
  });
  const { executor } = await chooseIsolation({ stateDir: join(scratch.path, 'state'), requested: 'chroot+copy' });
  if (executor === undefined || giver === undefined || taker === undefined) throw new Error('no executor');
  const listening = Promise.withResolvers<void>();
  const run = (root: string, role: string, onOutput = (_stream: string, _data: Uint8Array) => {}) =>
    executor.run(
      {
        root,
        args: ['/attack', role],
        env: [],
        cwd: '/',
        hostname: 'step',
        mounts: [],
        user: { uid: 0, gid: 0, groups: [] },
        network: 'host',
        security: 'sandbox',
      },
      { onOutput },
    );
  const given = run(giver, 'give', () => listening.resolve());
  await listening.promise;
  expect(await run(taker, 'take')).toBe(3);
  await given;
});
