a*.s
