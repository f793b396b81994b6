mkdir -p t/in && echo x > t/in/x && chmod 2711 t/in && ln -s x t/in/l
pack() { tar --sort=name --mtime=@981173106 --owner=7 --group=8 --numeric-owner "$@"; }
pack -cJf a.tar.xz -C t in; pack -cjf a.tar.bz2 -C t in; pack -czf one.tgz -C t in; cp one.tgz misnamed.txt
mkdir -p u/really && ln -s /really u/l && pack -cf link.tar -C u l really
pack -cf orphans.tar -C t in/x in/l
mkdir -p h && echo h > h/1 && ln h/1 h/2 && pack -cf hard.tar -C h 1 2
mkdir -p v && ln -s / v/root && pack -cf dirs.tar -C v root && mkdir -p w/root/etc && echo no > w/root/etc/added && pack -rf dirs.tar -C w root/etc/added
tar -cf empty.tar -T /dev/null
rm -r t u h v w
