mkdir -p t/in && echo x > t/in/x && chmod 711 t/in && tar --owner=7:7 --group=8:8 --sort=name --mtime=@0 -czf x.tar.gz -C t in && rm -r t
