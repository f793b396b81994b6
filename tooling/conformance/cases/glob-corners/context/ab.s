ab.s
