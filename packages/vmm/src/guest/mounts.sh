# Mounts the directories of the host, each a disk found by its label, below the root at $1; reads lines of LABEL TAG ro|rw.

mount_directories() {
  forget_directories "$1/etc/fstab"
  while read -r label tag access; do
    disk=$(findfs "LABEL=$label" 2>/dev/null)
    [ -n "$disk" ] || fail "no disk is labelled $label"
    mkdir -p "$1/mnt/$tag"
    mount -t ext4 -o "$access,noatime" "$disk" "$1/mnt/$tag" || fail "cannot mount $disk at /mnt/$tag"
    # For people and tools; it is mounted already, so nobody has to wait for it.
    echo "LABEL=$label /mnt/$tag ext4 $access,noatime,noauto,nofail 0 2 # vmm" >>"$1/etc/fstab"
  done
}

# The lines of the last start: the host may have taken mounts back.
forget_directories() {
  [ -e "$1" ] || return 0
  grep -v ' # vmm$' "$1" >/fstab
  cat /fstab >"$1"
}
