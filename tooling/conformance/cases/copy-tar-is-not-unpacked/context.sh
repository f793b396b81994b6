mkdir t; echo a > t/a; tar --numeric-owner --owner=0 --group=0 --mtime=@1 --sort=name --format=ustar -C t -cf p.tar .; rm -r t
