mkdir -p t/sub; echo a > t/a; echo b > t/sub/b; chmod 600 t/a; chmod 700 t/sub; ln -s a t/l; ln t/a t/h
tar --sort=name --numeric-owner --owner=7 --group=8 -C t -cf p.tar .
gzip -nc p.tar > g.tar.gz; bzip2 -c p.tar > b.tar.bz2; xz -c p.tar > j.tar.xz; rm -r t
