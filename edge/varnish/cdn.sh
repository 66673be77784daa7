#!/usr/bin/env bash
# The CDN in a container, for as long as it runs: Varnish looks a name up once, when it loads its configuration, so that is
# loaded again, and what is stored stays, when the load balancer has got another address.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=/tmp/varnish
origin=lb

address() {
  getent hosts "$origin" | cut -d' ' -f1
}

known=$(address)
varnishd -F -j none -n "$work" -a front=:8080 -a inside=:8081 -p vcl_path="$here" -I "$here/limits.cli" \
  -f "$here/default.vcl" "$@" &
varnish=$!
trap 'kill "$varnish" 2>/dev/null' TERM INT

reloads=0
while kill -0 "$varnish" 2>/dev/null; do
  sleep 1 &
  wait $! || true # ends early when we are told to stop
  now=$(address) || continue # it is away: nothing to look for yet
  if [ -n "$now" ] && [ "$now" != "$known" ]; then
    reloads=$((reloads + 1))
    if varnishadm -n "$work" vcl.load "origin$reloads" "$here/default.vcl" >/dev/null \
      && varnishadm -n "$work" vcl.use "origin$reloads" >/dev/null; then
      echo "The load balancer is at $now now."
      known=$now
    fi
  fi
done
wait "$varnish"
