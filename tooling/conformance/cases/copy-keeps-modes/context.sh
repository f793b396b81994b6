echo a > suid; chmod 4711 suid; echo b > none; chmod 000 none; mkdir -m 1777 sticky; mkdir -m 700 private; echo c > private/c; chmod 600 private/c
