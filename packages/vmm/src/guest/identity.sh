# Writes into the root at $1 who the guest is. Repeated at every start: what the host says now is what holds.

write_identity() {
  etc=$1/etc
  mkdir -p "$etc"
  write_names
  cp /identity/machine-id "$etc/machine-id"
  chmod 444 "$etc/machine-id"
  if [ -s /identity/resolv.conf ]; then
    # A link into /run would point at a file that nobody writes.
    rm -f "$etc/resolv.conf"
    cp /identity/resolv.conf "$etc/resolv.conf"
  fi
  if [ -d "$etc/ssh" ]; then
    cp /identity/ssh_host_ed25519_key /identity/ssh_host_ed25519_key.pub "$etc/ssh/"
    chmod 600 "$etc/ssh/ssh_host_ed25519_key"
  fi
  write_keys "$1"
  # systemd takes a machine whose stamps are missing for one to update, which costs it seconds (systemd-update-done(8)).
  if [ -d "$1/lib/systemd/system" ]; then
    [ -e "$etc/.updated" ] || touch "$etc/.updated"
    [ -e "$1/var/.updated" ] || touch "$1/var/.updated"
  fi
}

write_names() {
  read -r hostname </identity/hostname
  echo "$hostname" >/proc/sys/kernel/hostname
  echo "$hostname" >"$etc/hostname"
  [ -e "$etc/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$etc/hosts"
  grep -v '^127\.0\.1\.1[[:space:]]' "$etc/hosts" >/hosts
  echo "127.0.1.1 $hostname" >>/hosts
  cat /hosts >"$etc/hosts"
}

# Our keys stand in a block of their own: others in the file stay, and keys that the host took back go.
write_keys() {
  home=/root
  while IFS=: read -r user _ _ _ _ directory _; do
    [ "$user" = root ] && home=$directory && break
  done <"$etc/passwd"
  ssh=$1$home/.ssh
  mkdir -p "$ssh"
  chmod 700 "$ssh"
  chmod go-w "$1$home"
  [ -e "$ssh/authorized_keys" ] && sed '/^# vmm: begin$/,/^# vmm: end$/d' "$ssh/authorized_keys" >/keys
  {
    echo '# vmm: begin'
    cat /identity/authorized_keys
    echo '# vmm: end'
  } >>/keys
  cp /keys "$ssh/authorized_keys"
  chmod 600 "$ssh/authorized_keys"
}
