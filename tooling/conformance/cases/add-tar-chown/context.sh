mkdir t; echo a > t/a; tar --numeric-owner --owner=7 --group=8 -C t -cf p.tar .; rm -r t
