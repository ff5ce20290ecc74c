#!/bin/sh
# certbot runs this whenever it has a new certificate: the relay's group may read a copy, nobody else may.
# The relay looks at its files every five seconds and takes a new pair by itself, once both have arrived.
set -eu
install -d -o root -g sottovoce -m 750 /etc/sottovoce/tls
for name in fullchain.pem privkey.pem; do
  install -o root -g sottovoce -m 640 "$RENEWED_LINEAGE/$name" "/etc/sottovoce/tls/$name"
done
