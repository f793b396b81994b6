mkdir -p d/in e; echo f > d/f; echo g > d/in/g; ln -s d ln; ln -s d/f lf; echo h > e/in
