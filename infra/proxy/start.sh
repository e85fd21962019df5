#!/bin/sh
# Runs nginx, and makes it use every container of each role, however many there are: Docker's DNS names them, and nginx
# itself asks only once. An instance is taken up when it has answered for the first time, and let go when DNS no longer
# names it; in between nginx finds out by itself which one does not answer.
set -u
cd /tmp

# instances ROLE: the addresses to use, one to a line.
instances() {
  known=$(cat "$1.addresses" 2>/dev/null)
  for address in $(getent ahostsv4 "$1" | awk '{ print $1 }' | sort -u); do
    case " $(echo $known) " in
      *" $address "*) echo "$address" ;;
      *) curl -fs -o /dev/null -m 1 "http://$address:3000/live" && echo "$address" ;;
    esac
  done
}

# since VERSION: whether this nginx is at least that new.
since() {
  running=$(nginx -v 2>&1 | sed 's|.*nginx/\([0-9.]*\).*|\1|')
  [ "$(printf '%s\n' "$1" "$running" | sort -V | tail -n 1)" = "$running" ]
}

# write_upstreams: one group for each role. No answer from DNS changes nothing.
write_upstreams() {
  # Clients that are about to send another request when the groups change are not cut off; older ones cannot do that.
  since 1.27.4 && echo "keepalive_min_timeout 10s;"
  for role in command query gateway; do
    instances "$role" >"$role.found"
    [ -s "$role.found" ] && mv "$role.found" "$role.addresses"
    echo "upstream $role {"
    echo "  least_conn;"
    if [ -s "$role.addresses" ]; then
      sed 's/.*/  server &:3000 max_fails=1 fail_timeout=2s;/' "$role.addresses"
    else
      echo "  server 127.0.0.1:3000 down;"
    fi
    # Shorter than the services keep a connection, so that none is used that is just being closed.
    echo "  keepalive 64;"
    echo "  keepalive_timeout 30s;"
    echo "}"
  done
}

write_upstreams >upstreams.conf
nginx -c /etc/signalbox/nginx.conf -g 'daemon off;' &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT QUIT

while kill -0 $nginx 2>/dev/null; do
  sleep 1 &
  wait $!
  # A full disk must not take the upstreams away.
  write_upstreams >upstreams.next && [ -s upstreams.next ] || continue
  cmp -s upstreams.conf upstreams.next && continue
  mv upstreams.next upstreams.conf
  kill -HUP $nginx
done
wait $nginx
