export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_DATE='@1000000000 +0000' GIT_COMMITTER_DATE='@1000000000 +0000'
git() { command git -c user.name=n -c user.email=e -c init.defaultBranch=main "$@"; }
git init -q work
cd work
mkdir -p sub/deep bin
echo one > one; echo two > sub/two; echo three > sub/deep/three; ln -s ../one sub/link
printf '#!/bin/sh\n' > bin/run; chmod 755 bin/run
git add . && git commit -q -m first && git tag v1
git checkout -q -b topic && echo topic > topic && git add . && git commit -q -m second
git checkout -q main && echo later >> one && git commit -q -a -m third
cd ..
git clone -q --bare work repo.git
git -C repo.git update-server-info
rm -rf work
