mkdir t; echo a > t/a; tar --owner=0 --group=0 -C t -czf no-extension .; rm -r t; echo not a tar > fake.tar
