mkdir -p d/node_modules/m d/src/test d/keep
touch d/a.js d/a.test.js d/node_modules/m/x.js d/src/b.js d/src/test/c.js d/src/b.test.js d/keep/k.tmp d/keep/j.tmp top.js top.test.js
