mkdir -m 700 private; echo c > private/c
