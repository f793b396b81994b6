mkdir t; echo a > t/a; tar --sort=name --numeric-owner --owner=7 --group=8 -C t -cf p.tar .
zstd -q p.tar -o z.tar.zst; rm -r t p.tar
