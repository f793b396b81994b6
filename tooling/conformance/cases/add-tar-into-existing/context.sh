mkdir -p t/sub; echo new > t/a; echo n > t/sub/n; tar --numeric-owner --owner=0 --group=0 -C t -cf p.tar .; rm -r t
