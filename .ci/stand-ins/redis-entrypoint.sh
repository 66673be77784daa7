#!/bin/sh
# As in the official image: bare options are redis-server's, root becomes redis, and protected mode is off, since a
# container's neighbours are never on its loopback interface.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi
if [ "$1" = redis-server ]; then
  shift
  configuration=
  if [ "$#" -gt 0 ] && [ "${1#-}" = "$1" ]; then
    configuration=$1
    shift
  fi
  case "${1:-}" in
    -v | --version | -h | --help) set -- redis-server "$@" ;;
    # Before the other options, so that they win.
    *) set -- redis-server ${configuration:+"$configuration"} --protected-mode no "$@" ;;
  esac
  if [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    set -- setpriv --reuid=redis --regid=redis --clear-groups -- "$@"
  fi
fi
exec "$@"
