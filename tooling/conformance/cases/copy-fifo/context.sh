mkfifo pipe; echo a > a
