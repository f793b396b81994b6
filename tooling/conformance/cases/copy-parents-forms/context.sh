mkdir -p a/b/c x/y empty/in
echo 1 > a/b/c/1.txt; echo 2 > a/b/2.txt; echo 3 > a/3.md; echo 4 > x/y/4.txt; echo 5 > 5.txt
chmod 700 a/b; chmod 750 x; ln -s a/b link; ln -s b/2.txt a/ln
