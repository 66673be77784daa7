#!/bin/sh
# As in the official image: bare options are added to the usual ones of varnishd.
set -e
if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
  set -- varnishd -F -f "${VARNISH_VCL_FILE:-/etc/varnish/default.vcl}" \
    -a "http=:${VARNISH_HTTP_PORT:-80},HTTP" -a "proxy=:${VARNISH_PROXY_PORT:-8443},PROXY" \
    -p feature=+http2 -s "malloc,$VARNISH_SIZE" "$@"
fi
exec "$@"
