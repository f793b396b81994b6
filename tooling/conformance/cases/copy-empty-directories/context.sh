mkdir -p one/two three
