mkdir -p d/in; echo 1 > d/in/1; echo 2 > 2; chmod 700 d
