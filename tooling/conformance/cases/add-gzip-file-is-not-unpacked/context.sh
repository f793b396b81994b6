echo hello | gzip -nc > one.gz
