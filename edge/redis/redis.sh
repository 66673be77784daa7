#!/usr/bin/env bash
# Becomes the cache with the users of users.conf: redis.sh SERVER [SETTING ...], where SERVER is the server's program.
# The secrets folder holds a file redis-USER for each user, with its password; a changed one counts from the next start.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=${SECRETS:-/run/secrets}

sha256() {
  { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1
}

configuration=
while read -r user rules; do
  if [ "$user" != default ]; then
    password=$(<"$secrets/redis-$user")
    rules="#$(printf %s "$password" | sha256) $rules"
  fi
  configuration+="user $user on $rules"$'\n'
done < <(grep '^[a-z]' "$here/users.conf")

# By its standard input, so that no list of processes shows them.
exec "$1" "$here/redis.conf" "${@:2}" - <<<"$configuration"
